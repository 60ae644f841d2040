/* Folders on the way to what the daemon makes. Thread: any. */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Makes the folder and every missing one above it (those with mode 0755). One that is there already is left as it is. */
bool folder_make(const char *path, mode_t mode, struct error *err);
