/* Of the commands (commands.c) those that tell of a view alone, so that any thread may make their replies of a picture. Thread: any. */
#pragma once

#include "control/protocol.h"
#include "control/setup.h"

/* Of sites, endpoints, load, checks and overrides; NULL: the command is another one. After setup_look(). */
json_t *commands_describe(const struct view *view, const struct request *request);
