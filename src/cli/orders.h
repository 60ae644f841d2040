/* `sipsteer switch`, `revert`, `drain`, `disable` and `enable`: what they would do, the order, and how it takes effect. Thread: main. */
#pragma once

#include <stdbool.h>

/* Whether this command is one of them. */
bool orders_knows(const char *command);
/* The whole command line, of which the first word that is no option is one of them. Returns the exit code. */
int orders_main(int argc, char **argv);
