/* `sipsteer test-hook`: a message of no consequence, and whether it got there. Thread: main. */
#pragma once

#include <stdbool.h>

/* Asks the daemon at the socket to tell the hook a test, and waits until it has been tried. Returns the exit code. */
int test_hook_run(const char *socket, const char *name, bool json);
