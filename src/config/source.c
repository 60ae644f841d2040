#include "config/source.h"

#include "base/memory.h"
#include "config/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void source_release(struct source *source)
{
    for (size_t i = 0; i < source->held_count; i++)
        free(source->held[i]);
    free(source->held);
    free(source->stretches);
    free(source->text);
    *source = (struct source){0};
}

const char *source_hold(struct source *source, char *text)
{
    source->held = mem_grow(source->held, &source->held_room, source->held_count + 1, sizeof *source->held);
    return source->held[source->held_count++] = text;
}

char *source_place(const struct source *source, unsigned line)
{
    size_t low = 0, high = source->stretch_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (source->stretches[middle].line <= line)
            low = middle;
        else
            high = middle;
    }
    const struct stretch *stretch = &source->stretches[low];
    const unsigned into = line > stretch->line ? line - stretch->line : 0;
    return mem_format("%s:%u", stretch->file, stretch->file_line + into);
}

char *path_beside(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || slash == NULL)
        return mem_text(path);
    return mem_format("%.*s/%s", (int)(slash - file), file, path);
}

/* Reads at most max octets of a regular file. NULL with *ret_why when it cannot be. */
static char *read_all(const char *file, size_t max, size_t *ret_len, const char **ret_why)
{
    struct stat stat;
    char *text = NULL;
    size_t len = 0, room = 0;
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *ret_why = NULL;
    if (fd < 0 || fstat(fd, &stat) != 0)
        *ret_why = strerror(errno);
    else if (!S_ISREG(stat.st_mode))
        *ret_why = "not a regular file";
    while (*ret_why == NULL) {
        text = mem_grow(text, &room, len + 65536, 1);
        const ssize_t got = read(fd, text + len, room - len);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            *ret_why = strerror(errno);
        len += got > 0 ? (size_t)got : 0;
        if (len > max)
            *ret_why = "more than 64 MiB with all that is included";
    }
    if (fd >= 0)
        close(fd);
    if (*ret_why) {
        free(text);
        return NULL;
    }
    *ret_len = len;
    return text;
}

bool scan_file(struct scanner *scanner, const char *file, const char *place, unsigned include_depth)
{
    size_t len;
    const char *why;
    if (scanner->files++ >= SOURCE_FILES_MAX)
        return report_error(scanner->report, place, "more than %d files are included", SOURCE_FILES_MAX);
    char *text = read_all(file, SOURCE_MAX - scanner->octets, &len, &why);
    if (text == NULL)
        return report_error(scanner->report, place, "cannot read %s: %s", file, why);
    scanner->octets += len;
    source_hold(scanner->source, text);
    return scan_text(scanner, source_hold(scanner->source, mem_text(file)), text, len, include_depth);
}

static struct scanner scanner_of(const char *path, struct report *report, struct source *source)
{
    *source = (struct source){0};
    return (struct scanner){.source = source, .report = report, .path = path, .line = 1, .open[0].letter = '{'};
}

bool source_read(const char *path, struct report *report, struct source *ret_source)
{
    struct scanner scanner = scanner_of(path, report, ret_source);
    const bool sound = scan_file(&scanner, path, NULL, 0);
    names_release(&scanner.keys);
    return sound;
}

bool source_from_text(const char *path, const char *text, size_t len, struct report *report, struct source *ret_source)
{
    struct scanner scanner = scanner_of(path, report, ret_source);
    const char *copy = source_hold(ret_source, mem_copy(text, len));
    const bool sound = scan_text(&scanner, source_hold(ret_source, mem_text(path)), copy, len, 0);
    names_release(&scanner.keys);
    return sound;
}
