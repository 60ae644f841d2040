/* How many answers of one kind one client network gets over UDP, where nothing proves that they go to who asked. A table of fixed size, each
 * account a credit (GCRA: a moment up to which it has been used), so nothing is swept and nothing allocated. A network takes over the idlest of
 * four places and begins there with full credit: whatever else hashes there, who asks little is never limited. While no account is half used, only one
 * answer of RATE_SAMPLE, by chance, is looked at, and counts for all of them: accounts are seldom in the cache.
 * Thread: one UDP worker's; no lock. For serve/ only. */
#pragma once

#include "answer/answer.h"
#include "model/config.h"

struct rate_limit;

enum { RATE_SAMPLE = 4 };

enum rate_verdict { RATE_PASS, RATE_SLIP /* answer briefly */, RATE_DROP };

/* shares: the workers of one address, among which the kernel spreads a client's queries; each allows its part. */
struct rate_limit *rate_limit_new(unsigned shares);
void rate_limit_free(struct rate_limit *limit);

/* The account that an answer to this client goes on, or 0: it passes, nothing is to be judged. The account's place in the table is on its way into the
 * cache from then on: ask for the accounts of a batch before the first is judged. now_ns: monotonic, growing. */
uint64_t rate_limit_account(struct rate_limit *limit, const struct rate_limit_config *config, const struct addr *client,
                            const struct answered *answered, uint64_t now_ns);

/* Judges an answer that is ready to go, and puts it on its account, which is not 0. */
enum rate_verdict rate_limit_take(struct rate_limit *limit, const struct rate_limit_config *config, uint64_t account,
                                  const struct addr *client, const struct answered *answered, uint64_t now_ns);
