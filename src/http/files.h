/* The files of web/, built in by CMake (cmake/EmbedWeb.cmake). Thread: any (constants). */
#pragma once

#include <stddef.h>

struct web_file {
    const char *path; /* "/index.html" */
    const char *type;
    const unsigned char *from, *to;
};

extern const struct web_file web_files[];
extern const size_t web_file_count;
