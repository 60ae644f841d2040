/* A reply while it is written: header and question first, then sections, then OPT. For answer/ only.
 * Thread: the caller's; on its stack. */
#pragma once

#include "answer/answer.h"
#include "answer/ede.h"
#include "snapshot/steer.h"

/* What the answer section of a steered answer may fill: 512 octets less an OPT with the longest ECS. The same for every client, so that all see
 * one RRset (the phones that cannot take more decide, see docs/query-path.md). */
enum { STEERED_BUDGET = UDP_DEFAULT - OPT_LEN - OPTION_HEADER - ECS_OCTETS, QUESTION_TAIL = 4 /* type and class */ };

struct reply {
    const struct snapshot *snapshot;
    const struct asker *asker;
    struct query query;
    struct writer w;
    size_t limit;   /* octets this client takes, OPT included */
    size_t opt;     /* octets kept for OPT */
    uint16_t flags; /* AA, TC, rcode */
    uint16_t counts[3];
    unsigned scope;          /* for ECS */
    enum ede ede;            /* what the answer's bare rcode does not tell */
    struct opt options;      /* OPT itself: what is in it before the answer is made */
    uint8_t ecs[ECS_OCTETS]; /* of options */
    uint8_t cookie[COOKIE_WHOLE];
    struct answered *answered;
};

/* Room left before the OPT record. */
static inline size_t reply_room(const struct reply *reply)
{
    const size_t used = writer_len(&reply->w) + reply->opt;
    return used < reply->limit ? reply->limit - used : 0;
}

/* How far the message may grow by a steered set's records: less than STEERED_BUDGET only for a client that takes 512 octets and sends a cookie. */
static inline size_t reply_budget(const struct reply *reply)
{
    const size_t room = reply->limit - reply->opt;
    return room < STEERED_BUDGET ? room : STEERED_BUDGET;
}

/* Judges the query's cookie and adds the answer's. */
void reply_cookie(struct reply *reply);
/* An answer without records: BADCOOKIE to who shows that it can learn a cookie, TC to others; to a query for a cookie alone what RFC 7873 5.4 says. */
void reply_brief(struct reply *reply);

/* Nothing but the header, the question and TC: the client shall come by TCP. */
void reply_truncate(struct reply *reply);

/* Appends a body, wherever the reply has come to. Additional records that do not fit are left out. */
void reply_body(struct reply *reply, const struct body *body);

/* Appends the client's selection of a steered set. owner: the pointer to the name that owns the records. */
void reply_steered(struct reply *reply, const struct steered *set, uint16_t owner);

/* NODATA of a zone, with its SOA. */
void reply_nodata(struct reply *reply, uint32_t zone);
