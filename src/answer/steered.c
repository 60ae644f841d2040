#include "answer/reply.h"

enum { GLUE_LEN_AT = 8, GLUE_RDATA_AT = 10, OWNER_LEN = 2 };

static void add_glue(struct reply *reply, const struct glue *glue, unsigned owner_at)
{
    for (const uint8_t *at = glue->octets, *end = at + glue->len; at < end;) {
        const size_t len = GLUE_RDATA_AT + (size_t)get_u16(at + GLUE_LEN_AT);
        write_u16(&reply->w, (uint16_t)(POINTER | owner_at));
        write_bytes(&reply->w, at, len);
        at += len;
    }
    reply->counts[SECTION_ADDITIONAL] = (uint16_t)(reply->counts[SECTION_ADDITIONAL] + glue->count);
}

static bool glue_fits(const struct reply *reply, const struct glue *glue)
{
    return glue->len + (size_t)OWNER_LEN * glue->count <= reply_room(reply);
}

/* Each target's addresses, if all of them still fit; their signatures are left out before they are (RFC 4035 3.1.1). */
void reply_glue(struct reply *reply, const struct listing *list)
{
    if (reply->flags & FLAG_TC)
        return;
    for (unsigned i = 0; i < list->target_count && list->targets[i].at <= POINTER_MASK; i++) {
        const struct glue_pair *pair = &reply->snapshot->world->glue[list->targets[i].endpoint];
        if (glue_fits(reply, &pair->of[reply->secure]))
            add_glue(reply, &pair->of[reply->secure], list->targets[i].at);
        else if (glue_fits(reply, &pair->of[0]))
            add_glue(reply, &pair->of[0], list->targets[i].at);
    }
}

static const struct addr *client_of(const struct reply *reply)
{
    const struct ecs *ecs = &reply->query.ecs;
    return ecs->present && ecs->source > 0 ? &ecs->addr : reply->asker->peer;
}

static void reply_emptied(struct reply *reply, const struct steered *set, bool disabled)
{
    reply->ede = disabled ? EDE_SERVICE_DISABLED : EDE_ALL_DOWN_EMPTY;
    reply_body(reply, reply->snapshot->world->bodies[set->emptied].of[reply->secure]);
}

/* The selection's signatures: made when the plan was, one for each key that signs. */
static void add_signatures(struct reply *reply, const struct sheet *sheet, uint32_t selection, const struct listing *list)
{
    const uint8_t *from = sheet->octets + (size_t)selection * sheet->stride;
    if (sheet->stride > reply_room(reply)) {
        reply_truncate(reply);
        return;
    }
    uint8_t *at = reply->w.at;
    write_bytes(&reply->w, from, sheet->stride);
    for (unsigned i = 0; i < sheet->keys; i++, at += sheet->stride / sheet->keys) {
        put_u16(at, list->owner);
        put_u32(at + SHEET_TTL_AT, list->ttl_s);
    }
    reply->counts[SECTION_ANSWER] = (uint16_t)(reply->counts[SECTION_ANSWER] + sheet->keys);
}

/* Who was answered, and with what. */
static struct sample sample_of(const struct snapshot *snapshot, const struct steered *set, const struct addr *client,
                               const struct steering *to, bool disabled)
{
    struct sample sample = steer_sample(snapshot, set, client);
    sample.got = (uint8_t)to->bucket;
    sample.kind = disabled ? SELECTION_EMPTY : to->selection.kind;
    sample.scope = (uint8_t)to->scope;
    sample.drawn = !to->uniform && (to->lottery || set->spread_query);
    sample.doubt = to->selection.doubt;
    sample.winner = sample.kind == SELECTION_STEERED && to->selection.count
                        ? snapshot->plans[set->spec]->choices[to->selection.first].endpoint
                        : NO_WINNER;
    return sample;
}

void reply_steered(struct reply *reply, const struct steered *set, uint16_t owner, struct listing *ret_list)
{
    const struct snapshot *snapshot = reply->snapshot;
    const uint8_t state = snapshot->services[set->service];
    const struct addr *client = client_of(reply);
    const struct steering to = steer(snapshot, set, client, reply->asker->draw);
    reply->answered->steered = true;
    reply->answered->service = set->service;
    if (reply->asker->sample)
        *reply->asker->sample = sample_of(snapshot, set, client, &to, state == SERVICE_DISABLED);
    if (reply->query.ecs.present && reply->query.ecs.source > 0)
        reply->scope = to.scope;
    if (state == SERVICE_DISABLED || to.selection.kind == SELECTION_EMPTY) {
        reply_emptied(reply, set, state == SERVICE_DISABLED);
        return;
    }
    *ret_list = (struct listing){.w = &reply->w,
                                 .set = set,
                                 .owner = owner,
                                 .ttl_s = to.selection.doubt || to.lottery || state == SERVICE_DRAINED ? set->doubt_ttl_s : set->ttl_s,
                                 .limit = reply->limit - reply->opt};
    list_selection(ret_list, snapshot->plans[set->spec], &to.selection);
    reply->flags |= FLAG_AA;
    reply->counts[SECTION_ANSWER] = (uint16_t)(reply->counts[SECTION_ANSWER] + ret_list->count);
    if (to.selection.kind == SELECTION_STATIC)
        reply->ede = EDE_ALL_DOWN_STATIC;
    if (ret_list->cut && (ret_list->whole || ret_list->count == 0))
        reply_truncate(reply);
    else if (reply->secure && set->is_signed)
        add_signatures(reply, snapshot->sheets[set->sheet], to.number, ret_list);
}
