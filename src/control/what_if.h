/* sipsteer what-if, asked of the daemon. For control/ only. Thread: the director's. */
#pragma once

#include "control/director.h"
#include "control/protocol.h"

/* Replies. */
void what_if_begin(struct director *director, struct client *client, const struct request *request);
