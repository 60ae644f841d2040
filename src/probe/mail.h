/* What other threads have for the probe engine's loop: they post, the loop opens, in the order of posting.
 * Thread: engine_post() any; open() is called in the engine's thread, once, at the latest when the engine is freed. */
#pragma once

struct probe_engine;

/* Embedded in what is posted; whoever opens it owns it. */
struct mail {
    struct mail *next;
    void (*open)(struct probe_engine *engine, struct mail *mail);
};

void engine_post(struct probe_engine *engine, struct mail *mail);
/* Opens all that has come. The engine's thread. */
void engine_open_mail(struct probe_engine *engine);
