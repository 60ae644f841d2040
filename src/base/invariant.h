/* A bug ends the process, in release builds too: a name server that goes on with broken state answers wrongly.
 * Hostile input is never a bug; it is a value (see the error enums of the parsers).
 * Thread: any. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define invariant(condition)                                                                                                               \
    do {                                                                                                                                   \
        if (__builtin_expect(!(condition), 0)) {                                                                                           \
            fprintf(stderr, "%s:%d: %s: broken invariant: %s\n", __FILE__, __LINE__, __func__, #condition);                                \
            abort();                                                                                                                       \
        }                                                                                                                                  \
    } while (0)
