/* Talking to the daemon over its admin socket. Thread: main. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* Sends the request and returns the reply, NULL when no daemon answers within timeout_s. until_end: waits for the daemon to close, too. */
json_t *connection_ask(const char *socket_path, const json_t *request, unsigned timeout_s, bool until_end, struct error *err);
