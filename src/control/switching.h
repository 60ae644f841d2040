/* Orders that are foreseen before they are taken: switches, previews of any order, and those that are to be checked. The prediction, and geo data that tell
 * more clients apart, are made in the loader's thread. For control/ only. Thread: the director's. */
#pragma once

#include "control/director.h"
#include "control/protocol.h"

/* Whether the request wants to know what would happen first. */
bool switching_wanted(const struct request *request);
/* Replies. */
void switching_begin(struct director *director, struct client *client, const struct request *request);
