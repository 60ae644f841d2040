/* Folders on the way to what the daemon makes, and whether files are still those that were read. Thread: any. */
#pragma once

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* Makes the folder and every missing one above it (those with mode 0755). One that is there already is left as it is. */
bool folder_make(const char *path, mode_t mode, struct error *err);

/* A number that another file of this name has not (by inode, size and time; links are followed), nor the missing one. seed chains several. */
uint64_t file_print(const char *path, uint64_t seed);
