/* What the system lets this process have. Thread: any. */
#pragma once

#include <stddef.h>

/* Raises the number of files the process may have open as far as it goes, and returns it. */
size_t limits_raise_files(void);
