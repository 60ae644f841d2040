/* All databases and the operator's nets, and the one walk over them: what they say together of every network, and of one address.
 * Thread: the owner's. Opened and closed by the owner. */
#pragma once

#include "base/report.h"
#include "geo/database.h"
#include "geo/marks.h"
#include "geo/nets.h"
#include "geo/orders.h"
#include "geo/trie.h"

struct sources {
    const struct config *config;
    struct nets nets;
    struct database *databases;
    size_t database_count;
    struct stamp *stamps; /* of the databases in their order, then of the nets file */
    size_t stamp_count;
    struct pool records; /* what sources say; see database.h */
};

/* Opens and checks all that config names. False when something is unsound; call sources_close() in either case.
 * every_asn: keep also the AS numbers that no rule names. */
bool sources_open(struct sources *sources, const struct config *config, bool every_asn, struct report *report);
void sources_close(struct sources *sources);

/* What one source says of an address. */
struct said {
    uint32_t record;
    unsigned depth; /* prefix length of the network it says it of */
    bool asked;     /* not where an operator's net has said all */
};

/* Follows one address down. ret_said: of the nets, then of each database (room for database_count + 1). */
bool sources_follow(struct sources *sources, const struct addr *addr, struct said *ret_said, struct error *err);

/* Compiles them; classes are told apart by areas, too (NULL: none). The nodes and top of ret_trie and the arrays of ret_classes are the caller's to free. */
bool sources_compile(struct sources *sources, const struct areas *areas, struct trie *ret_trie, struct classes *ret_classes,
                     struct report *report);
