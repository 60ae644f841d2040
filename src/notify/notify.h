/* Tells hooks - commands and URLs - of what has happened, each in a thread of its own. Thread: the caller's (the director's), for all functions. */
#pragma once

#include "base/error.h"
#include "model/alert_config.h"

enum { NOTIFY_WAITING_MOST = 256 /* messages of one hook */, NOTIFY_VARIABLES = 8, NOTIFY_WHY = 240 };

/* What is told. All texts are the message's own. */
struct message {
    char *body;                            /* JSON */
    char *variables[NOTIFY_VARIABLES + 1]; /* "NAME=value", NULL at the end; for commands */
};
/* NULL is allowed. */
void message_free(struct message *message);

struct hook_state {
    uint64_t waiting, sent, failed /* for good */, retried, dropped /* there was no room */;
    uint64_t ended_ms; /* when the last try ended, monotonic; 0: none has */
    bool failing;      /* the last try failed; why: */
    char why[NOTIFY_WHY];
};

struct hooks;
struct hooks *hooks_new(void);
/* These are the hooks from now on (copied); those with a name that there was keep their messages and counts. */
void hooks_set(struct hooks *hooks, const struct hook_config *configs, size_t count);
/* Takes the message. False: it is dropped, and counted. */
bool hooks_post(struct hooks *hooks, size_t hook, struct message *message);
void hooks_state(const struct hooks *hooks, size_t hook, struct hook_state *ret_state);
/* Gives what waits until wait_ms to be told, once; ends and frees. False: a thread is still busy and is left behind. NULL is allowed. */
bool hooks_free(struct hooks *hooks, unsigned wait_ms);
