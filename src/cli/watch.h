/* How an order takes effect, shown until it has settled. Thread: main. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* reply: of the order. lines: a line for each look instead of one that is written over. Ends early when the daemon does not answer any more, and when the user
 * breaks it off (Ctrl-C), which leaves the order as it is. */
void watch_effect(const char *socket_path, const json_t *reply, bool lines);
