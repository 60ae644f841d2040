#include "snapshot/listing.h"

enum { RECORD_TTL_AT = 6, RECORD_LEN_AT = 10, RECORD_RDATA_AT = 12, SRV_TARGET_AT = 6 };

static size_t record_len(const uint8_t *record)
{
    return RECORD_RDATA_AT + (size_t)get_u16(record + RECORD_LEN_AT);
}

/* Whether this address already stands in the answer: two endpoints may share one. */
static bool is_listed(const struct listing *list, const uint8_t *record)
{
    const size_t len = record_len(record);
    const uint8_t *at = list->w->start + list->start;
    for (; at < list->w->at; at += record_len(at))
        if (record_len(at) == len && memcmp(at + RECORD_RDATA_AT, record + RECORD_RDATA_AT, len - RECORD_RDATA_AT) == 0)
            return true;
    return false;
}

/* Copies one record that may end at budget. Returns the copy, or NULL when it does not fit. One goes out whatever the budget says. */
static uint8_t *list_record(struct listing *list, const uint8_t *record, size_t budget)
{
    uint8_t *to = list->w->at;
    const size_t len = record_len(record), end = writer_len(list->w) + len;
    if (list->cut || (end > budget && list->count > 0))
        return NULL;
    if (end > list->limit) {
        list->cut = true;
        return NULL;
    }
    write_bytes(list->w, record, len);
    put_u16(to, list->owner);
    put_u32(to + RECORD_TTL_AT, list->ttl_s);
    list->count++;
    return to;
}

/* All records at one place of the set: an endpoint's, or a transport's NAPTR. choice: what SRV records say, NULL to leave them as the file has
 * them. False when the answer is full. *ret_first: the first copy, NULL if there is none. */
static bool list_place(struct listing *list, unsigned place, const struct choice *choice, size_t budget, const uint8_t **ret_first)
{
    const struct steered *set = list->set;
    const uint8_t *record = set->octets + (place ? set->ends[place - 1] : 0), *end = set->octets + set->ends[place];
    for (; record < end; record += record_len(record)) {
        if (set->shared_addresses && is_listed(list, record))
            continue;
        uint8_t *to = list_record(list, record, budget);
        if (to == NULL)
            return false;
        if (choice && set->type == TYPE_SRV) {
            put_u16(to + RECORD_RDATA_AT, choice->priority);
            put_u16(to + RECORD_RDATA_AT + 2, choice->weight);
        }
        if (ret_first && *ret_first == NULL)
            *ret_first = to;
    }
    return true;
}

/* Where the records may end if they begin at start. In a signed zone the same records go out wherever they stand, behind an alias too. */
static size_t listing_budget(const struct steered *set, size_t start)
{
    return set->is_signed ? start + STEERED_BUDGET - (HEADER_LEN + set->owner_len + QUESTION_TAIL) : STEERED_BUDGET;
}

static void list_choices(struct listing *list, const struct choice *choices, unsigned count)
{
    const size_t budget = listing_budget(list->set, list->start);
    bool more = true;
    for (unsigned i = 0; i < count && more; i++) {
        const uint8_t *first = NULL;
        more = list_place(list, offer_place(list->set->offer, choices[i].endpoint), &choices[i], budget, &first);
        if (first && list->set->type == TYPE_SRV) {
            const size_t at = (size_t)(first - list->w->start) + RECORD_RDATA_AT + SRV_TARGET_AT;
            list->targets[list->target_count].endpoint = choices[i].endpoint;
            list->targets[list->target_count++].at = (uint16_t)at;
        }
    }
}

static void list_naptr(struct listing *list, unsigned transports)
{
    for (unsigned place = 0; place < NAPTR_PLACES; place++)
        if (place == NAPTR_ALWAYS || (transports >> place & 1))
            list_place(list, place, NULL, SIZE_MAX, NULL);
    if (list->count == 0) /* no transport of the file works there: better all than none */
        for (unsigned place = 0; place < NAPTR_PLACES; place++)
            list_place(list, place, NULL, SIZE_MAX, NULL);
}

/* on_all_down = "static": everything, as the zone file has it. */
static void list_all(struct listing *list)
{
    const struct steered *set = list->set;
    for (const uint8_t *record = set->whole, *end = record + set->whole_len; record < end; record += record_len(record))
        list_record(list, record, SIZE_MAX);
}

void list_selection(struct listing *list, const struct plan *plan, const struct selection *selection)
{
    list->start = writer_len(list->w);
    list->whole = list->set->is_signed || selection->kind == SELECTION_STATIC || list->set->type == TYPE_NAPTR;
    if (selection->kind == SELECTION_STATIC)
        list_all(list);
    else if (list->set->type == TYPE_NAPTR)
        list_naptr(list, selection->transports);
    else
        list_choices(list, plan->choices + selection->first, selection->count);
}
