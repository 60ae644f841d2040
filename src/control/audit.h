/* What happens, kept on disk: every event of the journal becomes a line of the audit file, written and synced by a thread of its own, so that the loop
 * waits for no disk. A second thread reads it for who asks. Thread: the director's. */
#pragma once

#include "base/error.h"
#include "control/history.h"
#include "control/journal.h"
#include "model/audit_config.h"

enum {
    AUDIT_WAITING_MOST = 4 * 1024 * 1024, /* octets of lines that wait for the disk; events beyond are lost */
    AUDIT_LAZY_MS = 1000,                 /* what nobody has ordered may wait so long for others, to be synced with them */
};

struct audit;
struct client;

/* Listens to the journal, whose numbers go on behind those of the file. wake_fd: as of work_new(). */
struct audit *audit_new(struct journal *journal, int wake_fd, const struct audit_config *config, struct error *err);
/* After a reload. */
void audit_set(struct audit *audit, const struct audit_config *config);
/* Each second: writes what waits, and again what could not be written. */
void audit_pass(struct audit *audit, uint64_t now_ms);
/* What the threads have done. */
void audit_collect(struct audit *audit);
/* "": all is well. */
const char *audit_alarm(const struct audit *audit);
/* Events that could not be kept. */
uint64_t audit_lost(const struct audit *audit);

/* Answers the client with what came after the event since (0: of all), from memory alone. */
void audit_follow(struct audit *audit, struct client *client, const struct history_query *query, uint64_t since);
/* Answers the client from memory, and, where that does not reach, from the files. The texts of the query are copied. */
void audit_ask(struct audit *audit, struct client *client, const struct history_query *query);

/* Writes what is left, waits for it, at most wait_ms, and frees. False: a thread is still busy, and is left behind. audit may be NULL. */
bool audit_free(struct audit *audit, unsigned wait_ms);
