/* Certificates of endpoints that end soon, as the probes have seen them. For control/ only. Thread: the director's. */
#pragma once

#include "control/beliefs.h"
#include "control/protocol.h"
#include "control/setup.h"

/* Logs those that have come near their end since the last look; each end once. */
void expiry_log(struct beliefs *beliefs, int64_t wall_s);
/* Adds those that end soon, or have ended, to the list of alarms; many of them are cut short. */
void expiry_alarms(const struct view *view, json_t *list);
