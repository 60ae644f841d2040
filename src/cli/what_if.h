/* sipsteer what-if: predictions asked of a daemon or made of files. Thread: main. */
#pragma once

#include <stdbool.h>

struct what_if_arguments {
    const char *config; /* of files alone; or NULL: */
    const char *socket; /* the daemon's */
    const char *calls;  /* in all, or NULL */
    char **words;       /* nothing, fail SITE..., drain SITE..., capacity SITE=CALLS..., each */
    int word_count;
    bool json;
};

/* Returns the exit code: 0 all would keep inside its max, 1 it would not, or cannot be told, 2 usage, 3 no daemon answers. */
int what_if_run(const struct what_if_arguments *args);
