/* The secrets that DNS cookies are made with: those of a file that several servers share, or the daemon's own, kept in the state folder and rolled
 * daily. Thread: secrets_read() any; own secrets are the director's. */
#pragma once

#include "base/report.h"
#include "base/siphash.h"

#include <stdint.h>

enum { SECRETS_ROLL_S = 86400, SECRET_TEXT = 2 * SIPHASH_KEY + 1 };

struct own_secrets {
    struct siphash_keys keys; /* the present one and, once rolled, the one before */
    int64_t made_s;           /* when the present one was made (wall clock) */
};

/* 32 hexadecimal digits and nothing else. */
bool secret_parse(const char *text, struct siphash_key *ret_key);
const char *secret_format(const struct siphash_key *key, char out[SECRET_TEXT]);

/* Reads 1 to 3 lines of a secret each; empty lines and comments (#) are passed over. What is wrong goes to report, never the secret itself. */
bool secrets_read(const char *path, struct report *report, struct siphash_keys *ret_keys);

/* Whether there is none yet, or the present one is a day old. */
bool own_secrets_due(const struct own_secrets *own, int64_t wall_s);
/* One that is from the future was made now: a machine that boots without a clock must not roll it twice in a minute. */
void own_secrets_mind_clock(struct own_secrets *own, int64_t wall_s);
/* Makes one; the present one becomes the one before. */
void own_secrets_renew(struct own_secrets *own, int64_t wall_s);
