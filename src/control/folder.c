#include "control/folder.h"

#include "base/hash.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool make_one(const char *path, mode_t mode, struct error *err)
{
    struct stat of;
    if (stat(path, &of) == 0)
        return S_ISDIR(of.st_mode) || error_set(err, "%s is no folder", path);
    return mkdir(path, mode) == 0 || error_set(err, "the folder %s cannot be made: %s", path, strerror(errno));
}

bool folder_make(const char *path, mode_t mode, struct error *err)
{
    char *part = mem_text(path);
    bool done = true;
    for (char *slash = strchr(part + 1, '/'); done && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        done = make_one(part, 0755, err);
        *slash = '/';
    }
    free(part);
    return done && make_one(path, mode, err);
}

uint64_t file_print(const char *path, uint64_t seed)
{
    struct stat of;
    if (stat(path, &of) < 0)
        return hash_mix(seed);
    const uint64_t parts[] = {of.st_dev, of.st_ino, (uint64_t)of.st_size, (uint64_t)of.st_mtim.tv_sec, (uint64_t)of.st_mtim.tv_nsec};
    return hash_bytes(parts, sizeof parts, seed);
}
