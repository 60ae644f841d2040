/* Frame Streams by libfstrm, over ways of our own that cannot be held up: to a file, a UNIX socket, or a TCP port. Who listens and does not read, or
 * never ends a handshake, is given up after some seconds, or at once when the thread is woken.
 * Thread: one (a sink's). */
#pragma once

#include "base/error.h"
#include "model/tap_config.h"

#include <stddef.h>

struct frames;

/* Connects and shakes hands. config stays the caller's while it is open. wake_fd: readable when the thread shall see to something else.
 * NULL with the reason. */
struct frames *frames_open(const struct dnstap_config *config, int wake_fd, struct error *err);
/* False: the stream is broken, and can only be closed. */
bool frames_write(struct frames *frames, const void *frame, size_t len, struct error *err);
/* What was written goes out. A full file is followed by a new one. */
bool frames_flush(struct frames *frames, struct error *err);
/* Whether the file has been moved away. */
bool frames_are_gone(const struct frames *frames);
/* Ends the stream as it should be ended, if the other side takes part; then frees. NULL is allowed. */
void frames_close(struct frames *frames);
