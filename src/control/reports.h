/* What endpoints report of themselves, handed to the probe engine. Thread: the director's. */
#pragma once

#include "control/protocol.h"

struct director;

/* The command push; its reply. */
json_t *reports_command(struct director *director, const struct request *request);
