/* What is wrong, and who is told: each second all that is wrong is told to the alerts (faults.c: with the daemon; conditions.c: with the world), the journal hears of
 * what has begun and ended, and the hooks of what they want to know. Thread: the director's. */
#pragma once

#include "base/error.h"
#include "control/alerts.h"
#include "control/journal.h"

#include <jansson.h>

struct config;
struct director;
struct watch;

/* Listens to the journal. */
struct watch *watch_new(struct journal *journal);
/* The hooks of this configuration are told from now on: at the start, and after a reload. */
void watch_set(struct watch *watch, const struct config *config);
/* Each second. */
void watch_pass(struct director *director);
/* Gives the hooks until wait_ms and frees. False: one of them is still busy, and is left behind. NULL is allowed. */
bool watch_free(struct watch *watch, unsigned wait_ms);

/* As of now. The texts of what is wrong with the daemon, and what it is fed. */
json_t *watch_alarms(struct director *director);
/* How many there are of each severity, as the last look has found them. */
json_t *watch_counts(const struct director *director);
/* All that is wrong: "event", "severity", "target", "text", "since_s", "age_ms", "alarm", "flaps". */
json_t *watch_alerts(struct director *director);
/* Each hook: "name", "command" or "url", "waiting", "sent", "failed", "retried", "dropped", "failing", "error", "ended_age_ms". */
json_t *watch_hooks(const struct director *director);
/* Tells the hook of this name a test. */
bool watch_test(struct director *director, const char *name, const char *who, struct error *err);

/* faults.c, conditions.c: tell all that is wrong. */
void faults_tell(struct director *director, struct alerts *alerts);
void conditions_tell(struct director *director, struct alerts *alerts);

/* messages.c: what hooks are sent; server: the daemon's id, may be "". */
struct message *message_of_alert(const struct alert *alert, const char *state, const char *server);
struct message *message_of_many(const struct alert *const *alerts, size_t count, const char *server);
/* kind: ALERT_ORDER and beyond; event: the journal's. */
struct message *message_of_event(enum alert_kind kind, const json_t *event, const char *server);
