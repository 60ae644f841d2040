/* What systemd is told of us, by sd_notify(3): nothing when it has not started us. Thread: the director's. */
#pragma once

struct director;

/* Answers are given; also what ends a reload. With the status. */
void supervisor_ready(const struct director *director);
void supervisor_reloading(void);
void supervisor_stopping(void);

/* At each tick of the loop, and by nothing else: the watchdog shall bite when the loop does not turn. Tells the status, too, when it has changed. */
void supervisor_alive(const struct director *director);
