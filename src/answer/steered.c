#include "answer/reply.h"

enum { RECORD_TTL_AT = 6, RECORD_LEN_AT = 10, RECORD_RDATA_AT = 12, SRV_TARGET_AT = 6, GLUE_LEN_AT = 8, GLUE_RDATA_AT = 10 };

/* What has been written of a steered answer. */
struct listing {
    struct reply *reply;
    const struct steered *set;
    size_t start; /* offset of the first record */
    uint16_t owner;
    uint32_t ttl_s;
    bool full;
};

static size_t record_len(const uint8_t *record)
{
    return RECORD_RDATA_AT + (size_t)get_u16(record + RECORD_LEN_AT);
}

/* Whether this address already stands in the answer: two endpoints may share one. */
static bool is_listed(const struct listing *list, const uint8_t *record)
{
    const size_t len = record_len(record);
    const uint8_t *at = list->reply->w.start + list->start;
    for (; at < list->reply->w.at; at += record_len(at))
        if (record_len(at) == len && memcmp(at + RECORD_RDATA_AT, record + RECORD_RDATA_AT, len - RECORD_RDATA_AT) == 0)
            return true;
    return false;
}

/* Copies one record; room: how far the message may grow. Returns the copy, or NULL when it does not fit. */
static uint8_t *list_record(struct listing *list, const uint8_t *record, size_t room)
{
    struct reply *reply = list->reply;
    uint8_t *to = reply->w.at;
    const size_t len = record_len(record);
    const bool alone = to == list->reply->w.start + list->start; /* one record goes out whatever the budget says */
    if (writer_len(&reply->w) + len > (alone ? reply->limit - reply->opt : room)) {
        list->full = true;
        return NULL;
    }
    write_bytes(&reply->w, record, len);
    put_u16(to, list->owner);
    put_u32(to + RECORD_TTL_AT, list->ttl_s);
    reply->counts[SECTION_ANSWER]++;
    return to;
}

/* All records at one place of the set: an endpoint's, or a transport's NAPTR. choice: what SRV records say, NULL to leave them as the file has
 * them. Returns the first copy. */
static const uint8_t *list_place(struct listing *list, unsigned place, const struct choice *choice, size_t room)
{
    const struct steered *set = list->set;
    const uint8_t *record = set->octets + (place ? set->ends[place - 1] : 0), *end = set->octets + set->ends[place], *first = NULL;
    for (; record < end && !list->full; record += record_len(record)) {
        if (set->shared_addresses && is_listed(list, record))
            continue;
        uint8_t *to = list_record(list, record, room);
        if (to && choice && set->type == TYPE_SRV) {
            put_u16(to + RECORD_RDATA_AT, choice->priority);
            put_u16(to + RECORD_RDATA_AT + 2, choice->weight);
        }
        if (first == NULL)
            first = to;
    }
    return first;
}

/* The addresses of one target, if all of them still fit. */
static void add_glue(struct reply *reply, const struct glue *glue, size_t target_at)
{
    if (glue->len + 2u * glue->count > reply_room(reply))
        return;
    for (const uint8_t *at = glue->octets, *end = at + glue->len; at < end;) {
        const size_t len = GLUE_RDATA_AT + (size_t)get_u16(at + GLUE_LEN_AT);
        write_u16(&reply->w, (uint16_t)(POINTER | target_at));
        write_bytes(&reply->w, at, len);
        at += len;
    }
    reply->counts[SECTION_ADDITIONAL] = (uint16_t)(reply->counts[SECTION_ADDITIONAL] + glue->count);
}

static void list_choices(struct listing *list, const struct selection *selection)
{
    struct reply *reply = list->reply;
    const struct world *world = reply->snapshot->world;
    const struct choice *choices = reply->snapshot->plans[list->set->spec]->choices + selection->first;
    const uint8_t *targets[TARGETS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < selection->count && !list->full; i++) {
        const uint8_t *first = list_place(list, offer_place(list->set->offer, choices[i].endpoint), &choices[i], reply_budget(reply));
        if (first || !list->full)
            targets[count++] = first;
    }
    for (unsigned i = 0; list->set->type == TYPE_SRV && i < count; i++)
        if (targets[i])
            add_glue(reply, &world->glue[choices[i].endpoint], (size_t)(targets[i] - reply->w.start) + RECORD_RDATA_AT + SRV_TARGET_AT);
}

static void list_naptr(struct listing *list, unsigned transports)
{
    const size_t room = list->reply->limit - list->reply->opt;
    const uint16_t before = list->reply->counts[SECTION_ANSWER];
    for (unsigned place = 0; place < NAPTR_PLACES; place++)
        if (place == NAPTR_ALWAYS || (transports >> place & 1))
            list_place(list, place, NULL, room);
    if (list->reply->counts[SECTION_ANSWER] == before) /* no transport of the file works there: better all than none */
        for (unsigned place = 0; place < NAPTR_PLACES; place++)
            list_place(list, place, NULL, room);
}

/* on_all_down = "static": everything, as the zone file has it. */
static void list_all(struct listing *list)
{
    const struct steered *set = list->set;
    const size_t room = list->reply->limit - list->reply->opt;
    for (const uint8_t *record = set->whole, *end = record + set->whole_len; record < end && !list->full; record += record_len(record))
        list_record(list, record, room);
}

static const struct addr *client_of(const struct reply *reply)
{
    const struct ecs *ecs = &reply->query.ecs;
    return ecs->present && ecs->source > 0 ? &ecs->addr : reply->asker->peer;
}

void reply_steered(struct reply *reply, const struct steered *set, uint16_t owner)
{
    const uint8_t state = reply->snapshot->services[set->service];
    const struct steering to = steer(reply->snapshot, set, client_of(reply), reply->asker->draw);
    reply->answered->steered = true;
    reply->answered->service = set->service;
    if (reply->query.ecs.present && reply->query.ecs.source > 0)
        reply->scope = to.scope;
    if (state == SERVICE_DISABLED || to.selection.kind == SELECTION_EMPTY) {
        reply->ede = state == SERVICE_DISABLED ? EDE_SERVICE_DISABLED : EDE_ALL_DOWN_EMPTY;
        reply_nodata(reply, set->zone);
        return;
    }
    struct listing list = {.reply = reply,
                           .set = set,
                           .start = writer_len(&reply->w),
                           .owner = owner,
                           .ttl_s = to.selection.doubt || state == SERVICE_DRAINED ? set->doubt_ttl_s : set->ttl_s};
    reply->flags |= FLAG_AA;
    if (to.selection.kind == SELECTION_STATIC)
        reply->ede = EDE_ALL_DOWN_STATIC;
    if (to.selection.kind == SELECTION_STATIC)
        list_all(&list);
    else if (set->type == TYPE_NAPTR)
        list_naptr(&list, to.selection.transports);
    else
        list_choices(&list, &to.selection);
    const bool whole = to.selection.kind == SELECTION_STATIC || set->type == TYPE_NAPTR || reply->counts[SECTION_ANSWER] == 0;
    if (list.full && whole)
        reply_truncate(reply);
}
