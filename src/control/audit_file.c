#include "control/audit_file.h"

#include "base/memory.h"
#include "control/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, FOLDER_MODE = 0750 };

void audit_file_init(struct audit_file *file)
{
    *file = (struct audit_file){.path = NULL, .fd = -1};
}

static void shut(struct audit_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

void audit_file_release(struct audit_file *file)
{
    shut(file);
    free(file->path);
    audit_file_init(file);
}

void audit_file_set(struct audit_file *file, const char *path, uint64_t most, unsigned keep)
{
    if (!file->path || strcmp(file->path, path) != 0) {
        shut(file);
        free(file->path);
        file->path = mem_text(path);
    }
    file->most = most;
    file->keep = keep;
}

char *audit_file_name(const char *path, unsigned number)
{
    return number ? mem_format("%s.%u", path, number) : mem_text(path);
}

/* "." or what stands before the last slash; the caller frees. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? mem_text(".") : mem_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* A new name is on the disk only when its folder is. */
static void sync_folder(const struct audit_file *file)
{
    char *folder = folder_of(file->path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

/* O_NONBLOCK: what is no file must not make us wait. */
static bool open_existing(struct audit_file *file)
{
    file->fd = open(file->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    return file->fd >= 0;
}

/* The mode is what is said here, whatever the umask is. */
static bool create(struct audit_file *file, struct error *err)
{
    char *folder = folder_of(file->path);
    const bool made = folder_make(folder, FOLDER_MODE, err);
    free(folder);
    if (!made)
        return false;
    file->fd = open(file->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (file->fd < 0)
        return error_set(err, "%s: %s", file->path, strerror(errno));
    fchmod(file->fd, FILE_MODE);
    sync_folder(file);
    return true;
}

/* A line that a crash has left unfinished gets its end, so that the next one stands alone. */
static bool end_last_line(struct audit_file *file, off_t size, struct error *err)
{
    char last = '\n';
    if (size == 0 || pread(file->fd, &last, 1, size - 1) != 1 || last == '\n')
        return true;
    return write(file->fd, "\n", 1) == 1 || error_set(err, "%s: %s", file->path, strerror(errno));
}

static bool open_file(struct audit_file *file, struct error *err)
{
    struct stat of;
    if (!open_existing(file) && (errno != ENOENT ? !error_set(err, "%s: %s", file->path, strerror(errno)) : !create(file, err)))
        return false;
    if (fstat(file->fd, &of) < 0 || !S_ISREG(of.st_mode)) {
        shut(file);
        return error_set(err, "%s is no file", file->path);
    }
    file->device = of.st_dev;
    file->inode = of.st_ino;
    if (end_last_line(file, of.st_size, err))
        return true;
    shut(file);
    return false;
}

/* Somebody may have moved it away, or deleted it. */
static bool still_there(const struct audit_file *file)
{
    struct stat of;
    return stat(file->path, &of) == 0 && of.st_dev == file->device && of.st_ino == file->inode;
}

/* Up to the first number that is free; the last one goes. */
static bool rotate(struct audit_file *file, struct error *err)
{
    unsigned end = 1;
    for (; end < file->keep; end++) {
        char *name = audit_file_name(file->path, end);
        const bool there = access(name, F_OK) == 0;
        free(name);
        if (!there)
            break;
    }
    bool done = true;
    for (unsigned to = end; done && to > 0; to--) {
        char *from_name = audit_file_name(file->path, to - 1), *to_name = audit_file_name(file->path, to);
        done = rename(from_name, to_name) == 0 || error_set(err, "%s cannot be renamed to %s: %s", from_name, to_name, strerror(errno));
        free(from_name);
        free(to_name);
    }
    shut(file);
    return done;
}

/* Open, with room for len octets; *ret_size: what it has. */
static bool prepare(struct audit_file *file, size_t len, off_t *ret_size, struct error *err)
{
    struct stat of;
    if (file->fd >= 0 && !still_there(file))
        shut(file);
    if (file->fd < 0 && !open_file(file, err))
        return false;
    if (fstat(file->fd, &of) < 0)
        return error_set(err, "%s: %s", file->path, strerror(errno));
    *ret_size = of.st_size;
    if (of.st_size == 0 || (uint64_t)of.st_size + len <= file->most)
        return true;
    *ret_size = 0;
    return rotate(file, err) && open_file(file, err);
}

bool audit_file_add(struct audit_file *file, const char *lines, size_t len, struct error *err)
{
    off_t before;
    if (!prepare(file, len, &before, err))
        return false;
    size_t done = 0;
    while (done < len) {
        const ssize_t wrote = write(file->fd, lines + done, len - done);
        if (wrote <= 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (done == len && fdatasync(file->fd) == 0)
        return true;
    error_set(err, "%s: %s", file->path, strerror(errno));
    if (ftruncate(file->fd, before) < 0)
        shut(file); /* the next opening ends the torn line */
    return false;
}
