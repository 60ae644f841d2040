/* A reply while it is written: header and question first, then sections, then OPT. For answer/ only.
 * Thread: the caller's; on its stack. */
#pragma once

#include "answer/answer.h"
#include "answer/ede.h"
#include "snapshot/listing.h"
#include "snapshot/steer.h"

enum { REPLY_PROOFS = 2 * PROOFS_MAX };

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
    uint8_t keepalive[2]; /* the same */
    bool secure;          /* the client wants what DNSSEC adds (DO) */
    /* The name that is looked up: the question's, until a DNAME renames it. Lower case. */
    const uint8_t *name;
    uint8_t name_len;
    uint16_t name_at; /* its offset in the message */
    uint8_t renamed[NAME_OCTETS];
    uint32_t proofs[REPLY_PROOFS]; /* that stand in it, by their bodies */
    unsigned proof_count;
    struct answered *answered;
};

/* Room left before the OPT record. */
static inline size_t reply_room(const struct reply *reply)
{
    const size_t used = writer_len(&reply->w) + reply->opt;
    return used < reply->limit ? reply->limit - used : 0;
}

/* Judges the query's cookie and adds the answer's. */
void reply_cookie(struct reply *reply);
/* An answer without records: BADCOOKIE to who shows that it can learn a cookie, TC to others; to a query for a cookie alone what RFC 7873 5.4 says. */
void reply_brief(struct reply *reply);
/* Before anything is written: what the query says about its transport counts on that transport only, and must be right there. */
void reply_channel(struct reply *reply);
/* The idle time, if it was asked for. */
void reply_keepalive(struct reply *reply);
/* What the padding's header takes; and the padding itself, last of all options. */
size_t reply_padding_room(const struct reply *reply);
void reply_pad(struct reply *reply);

/* Nothing but the header, the question and TC: the client shall come by TCP. */
void reply_truncate(struct reply *reply);
void reply_refuse(struct reply *reply, enum ede why);

/* Class CH: TXT of id.server and version.server. */
void reply_identity(struct reply *reply);
/* The sections for the question, in class IN. */
void reply_resolve(struct reply *reply);

/* Appends a body, wherever the reply has come to. Additional records that do not fit are left out. */
void reply_body(struct reply *reply, const struct body *body);

/* Appends the client's selection of a steered set. owner: the pointer to the name that owns the records. ret_list: what was written, for
 * reply_glue(), which comes when all of the authority section is there. */
void reply_steered(struct reply *reply, const struct steered *set, uint16_t owner, struct listing *ret_list);
void reply_glue(struct reply *reply, const struct listing *list);
