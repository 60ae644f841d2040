#include "control/lines_back.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, SKIPPED_LEAST = 1024 };

bool lines_back_open(struct lines_back *lines, const char *path, size_t line_most)
{
    struct stat of;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (fstat(fd, &of) < 0 || !S_ISREG(of.st_mode)) {
        close(fd);
        errno = EINVAL;
        return false;
    }
    const size_t room = line_most + 2 * PIECE;
    *lines = (struct lines_back){
        .fd = fd, .left = of.st_size, .text = mem_new(room, 1), .room = room, .from = room, .end = room, .line_most = line_most};
    return true;
}

void lines_back_close(struct lines_back *lines)
{
    close(lines->fd);
    free(lines->text);
    lines->text = NULL;
}

/* The octets before those at hand, which go to the end of the room. False: there are none, or they cannot be read. */
static bool fetch(struct lines_back *lines)
{
    const size_t want = lines->left < PIECE ? (size_t)lines->left : PIECE, len = lines->end - lines->from;
    memmove(lines->text + lines->room - len, lines->text + lines->from, len);
    lines->from = lines->room - len;
    lines->end = lines->room;
    if (want == 0 || pread(lines->fd, lines->text + lines->from - want, want, lines->left - (off_t)want) != (ssize_t)want)
        return false;
    lines->left -= (off_t)want;
    lines->from -= want;
    if (!lines->begun && lines->text[lines->end - 1] == '\n')
        lines->end--;
    lines->begun = true;
    return true;
}

/* The newline in front of the last line at hand, or NULL. */
static const char *find_newline(const struct lines_back *lines)
{
    return lines->end > lines->from ? memrchr(lines->text + lines->from, '\n', lines->end - lines->from) : NULL;
}

bool lines_back_next(struct lines_back *lines, const char **ret_line, size_t *ret_len)
{
    bool cut = false;
    const char *newline;
    while (!(newline = find_newline(lines)) && !lines->over) {
        if (lines->end - lines->from > lines->line_most) {
            cut = true;
            lines->from = lines->end;
        }
        lines->over = !fetch(lines);
    }
    if (!newline && lines->end == lines->from && !cut)
        return false;
    const size_t begin = newline ? (size_t)(newline + 1 - lines->text) : lines->from, len = lines->end - begin;
    *ret_line = lines->text + begin;
    *ret_len = cut || len > lines->line_most ? lines->line_most + 1 : len;
    lines->end = newline ? begin - 1 : begin;
    lines->from = newline ? lines->from : begin;
    return true;
}

/* Where the first line at or behind `at` that can be told about begins, and which it is; LINE_UNSOUND: none in the piece that was looked at. */
static enum line_place look_at(struct lines_back *lines, off_t at, line_place_fn *place, const void *context, off_t *ret_begin)
{
    const ssize_t got = pread(lines->fd, lines->text, lines->room, at);
    const char *from = lines->text, *end = lines->text + (got > 0 ? got : 0);
    if (at > 0) {
        const char *newline = memchr(from, '\n', (size_t)(end - from));
        from = newline ? newline + 1 : end;
    }
    for (const char *newline; (newline = memchr(from, '\n', (size_t)(end - from))); from = newline + 1) {
        const enum line_place found = place(from, (size_t)(newline - from), context);
        *ret_begin = at + (from - lines->text);
        if (found != LINE_UNSOUND)
            return found;
    }
    return LINE_UNSOUND;
}

void lines_back_skip(struct lines_back *lines, line_place_fn *place, const void *context)
{
    off_t low = 0, high = lines->left, begin;
    while (high - low > SKIPPED_LEAST) {
        const off_t middle = low + (high - low) / 2;
        if (look_at(lines, middle, place, context, &begin) != LINE_AFTER || begin >= high)
            low = middle;
        else
            high = begin;
    }
    lines->left = high;
}
