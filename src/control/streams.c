#include "control/streams.h"

#include "base/memory.h"
#include "snapshot/destinations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WATCHED = 512,      /* flows */
    CHOSEN_MS = 10000,  /* how long these are the largest */
    CALLERS_TOLD = 60,  /* places of callers */
    MOVES = 64,         /* kept, the newest */
    MOVES_AT_ONCE = 24, /* of one change, the largest */
    MERGED_MS = 15000,  /* a move that goes on is one move */
    SITE_TEXT = 64,
};

static const double TOLD_PERCENT = 0.05; /* of all callers; less is no move that anybody would see */

struct stream {
    uint32_t service, class_number;
    double rate, share; /* share: of all demand */
    float shares[SITES_MAX];
};

/* Callers that have been sent to another site; "" is none. */
struct removal {
    uint64_t at_ms, since_ms;
    char from[SITE_TEXT], to[SITE_TEXT];
    double percent; /* of all callers */
};

struct streams {
    struct stream *all; /* the largest first */
    size_t count;
    bool measured;
    uint64_t chosen_ms;  /* 0: never */
    uint32_t place;      /* place_number(): whose classes, services and sites the numbers are of; 0: none yet */
    uint64_t generation; /* of the snapshot that the shares are of */
    double rates[SITES_MAX];
    struct removal moves[MOVES]; /* the newest last */
    size_t move_count;
};

struct streams *streams_new(void)
{
    return mem_new(1, sizeof(struct streams));
}

void streams_free(struct streams *streams)
{
    if (streams == NULL)
        return;
    free(streams->all);
    free(streams);
}

/* --- who went where */

/* Square, by site; the last is none. */
struct exchange {
    size_t size;
    double *percent; /* [from * size + to] */
    double most;
};

static void add_change(struct exchange *exchange, const struct stream *stream, const float *now)
{
    const size_t sites = exchange->size - 1;
    double lost[SITES_MAX + 1], gained[SITES_MAX + 1], was = 1, is = 1, moved = 0;
    for (size_t i = 0; i <= sites; i++) {
        const double before = i < sites ? (double)stream->shares[i] : fmax(was, 0), after = i < sites ? (double)now[i] : fmax(is, 0);
        lost[i] = fmax(before - after, 0);
        gained[i] = fmax(after - before, 0);
        was -= before, is -= after;
        moved += gained[i];
    }
    for (size_t from = 0; from <= sites && moved > 1e-6; from++)
        for (size_t to = 0; lost[from] > 0 && to <= sites; to++) {
            double *percent = &exchange->percent[from * exchange->size + to];
            *percent += 100 * stream->share * lost[from] * gained[to] / moved;
            exchange->most = fmax(exchange->most, *percent);
        }
}

static void note_move(struct streams *streams, const char *from, const char *to, double percent, uint64_t now_ms)
{
    for (size_t i = streams->move_count; i-- > 0;) {
        struct removal *move = &streams->moves[i];
        if (now_ms - move->at_ms < MERGED_MS && strcmp(move->from, from) == 0 && strcmp(move->to, to) == 0) {
            move->percent += percent;
            move->at_ms = now_ms;
            return;
        }
    }
    if (streams->move_count == MOVES)
        memmove(streams->moves, streams->moves + 1, --streams->move_count * sizeof *streams->moves);
    struct removal *move = &streams->moves[streams->move_count++];
    *move = (struct removal){.at_ms = now_ms, .since_ms = now_ms, .percent = percent};
    snprintf(move->from, sizeof move->from, "%s", from);
    snprintf(move->to, sizeof move->to, "%s", to);
}

/* The largest first. */
static void note_exchange(struct streams *streams, struct exchange *exchange, const struct config *config, uint64_t now_ms)
{
    for (unsigned told = 0; told < MOVES_AT_ONCE; told++) {
        size_t largest = 0;
        for (size_t i = 1; i < exchange->size * exchange->size; i++)
            if (exchange->percent[i] > exchange->percent[largest])
                largest = i;
        if (exchange->percent[largest] < TOLD_PERCENT)
            return;
        const size_t from = largest / exchange->size, to = largest % exchange->size;
        note_move(streams, from < config->site_count ? config->sites[from].name : "", to < config->site_count ? config->sites[to].name : "",
                  exchange->percent[largest], now_ms);
        exchange->percent[largest] = 0;
    }
}

static void compare(struct streams *streams, const struct config *config, const struct snapshot *snapshot, uint64_t now_ms)
{
    struct exchange exchange = {.size = config->site_count + 1};
    for (size_t i = 0; i < streams->count; i++) {
        float now[SITES_MAX];
        struct stream *stream = &streams->all[i];
        snapshot_destinations(snapshot, stream->service, stream->class_number, now);
        if (memcmp(now, stream->shares, sizeof now) == 0)
            continue;
        if (!exchange.percent)
            exchange.percent = mem_new(exchange.size * exchange.size, sizeof *exchange.percent);
        add_change(&exchange, stream, now);
        memcpy(stream->shares, now, sizeof now);
    }
    if (exchange.most >= TOLD_PERCENT)
        note_exchange(streams, &exchange, config, now_ms);
    free(exchange.percent);
}

/* --- who is looked at */

static void choose(struct streams *streams, const struct demand *demand, const struct setup *setup, const struct snapshot *snapshot)
{
    size_t count;
    struct flow *flows =
        demand_flows(demand, geo_classes(place_geo(setup->place)), world_config(setup->world)->service_count, &count, &streams->measured);
    double all = 0;
    for (size_t i = 0; i < count; i++)
        all += flows[i].rate;
    free(streams->all);
    streams->count = count < WATCHED ? count : WATCHED;
    streams->all = mem_new(streams->count + 1, sizeof *streams->all);
    for (size_t i = 0; i < streams->count; i++) {
        struct stream *stream = &streams->all[i];
        *stream = (struct stream){
            .service = flows[i].service, .class_number = flows[i].class, .rate = flows[i].rate, .share = all > 0 ? flows[i].rate / all : 0};
        snapshot_destinations(snapshot, stream->service, stream->class_number, stream->shares);
    }
    free(flows);
}

static void sum_rates(struct streams *streams)
{
    memset(streams->rates, 0, sizeof streams->rates);
    for (size_t i = 0; streams->measured && i < streams->count; i++)
        for (size_t site = 0; site < SITES_MAX; site++)
            streams->rates[site] += streams->all[i].rate * (double)streams->all[i].shares[site];
}

void streams_pass(struct streams *streams, const struct demand *demand, const struct setup *setup, const struct snapshot *snapshot,
                  uint64_t now_ms)
{
    if (snapshot == NULL || !snapshot_is_of(snapshot, setup->world, setup->place))
        return;
    const bool same = streams->place == place_number(setup->place), due = !streams->chosen_ms || now_ms - streams->chosen_ms >= CHOSEN_MS;
    if (same && !due && snapshot_generation(snapshot) == streams->generation)
        return;
    if (same && snapshot_generation(snapshot) != streams->generation)
        compare(streams, world_config(setup->world), snapshot, now_ms);
    if (!same || due) {
        choose(streams, demand, setup, snapshot);
        streams->chosen_ms = now_ms;
    }
    streams->place = place_number(setup->place);
    streams->generation = snapshot_generation(snapshot);
    sum_rates(streams);
}

/* --- what is told */

static bool is_of(const struct streams *streams, const struct setup *setup)
{
    return streams->place == place_number(setup->place);
}

double streams_site_rate(const struct streams *streams, const struct setup *setup, size_t site)
{
    return is_of(streams, setup) ? streams->rates[site] : 0;
}

static json_t *moves_json(const struct streams *streams, uint64_t now_ms)
{
    json_t *list = json_array();
    for (size_t i = streams->move_count; i-- > 0;) {
        const struct removal *move = &streams->moves[i];
        if (now_ms - move->at_ms < STREAMS_MOVES_MS)
            json_array_append_new(list,
                                  json_pack("{s:s?, s:s?, s:f, s:I, s:I}", "from", *move->from ? move->from : NULL, "to",
                                            *move->to ? move->to : NULL, "percent", move->percent, "age_ms",
                                            (json_int_t)(now_ms - move->at_ms), "began_age_ms", (json_int_t)(now_ms - move->since_ms)));
    }
    return list;
}

/* Those of one class, of all services. */
struct caller {
    const struct class_place *place;
    uint32_t class_number;
    double rate, share;
    const float *shares; /* of its largest flow */
};

static bool is_placed(const struct class_place *place)
{
    return place->x != 0 || place->y != 0 || place->z != 0;
}

/* Of classes whose place is known, the largest. ret: room for CALLERS_TOLD. */
static size_t gather_callers(const struct streams *streams, const struct classes *classes, struct caller *ret)
{
    size_t count = 0;
    for (size_t i = 0; classes->places && i < streams->count; i++) {
        const struct stream *stream = &streams->all[i];
        const struct class_place *place = &classes->places[stream->class_number];
        size_t at = 0;
        while (at < count && ret[at].class_number != stream->class_number)
            at++;
        if (at == CALLERS_TOLD || !is_placed(place))
            continue;
        if (at == count)
            ret[count++] = (struct caller){.place = place, .class_number = stream->class_number, .shares = stream->shares};
        ret[at].rate += stream->rate;
        ret[at].share += stream->share;
    }
    return count;
}

static json_t *caller_json(const struct caller *caller, const struct config *config, bool measured)
{
    static const double degree = 57.29577951308232;
    const struct class_place *place = caller->place;
    size_t first = 0;
    for (size_t i = 1; i < config->site_count; i++)
        if (caller->shares[i] > caller->shares[first])
            first = i;
    return json_pack("{s:f, s:f, s:f, s:f, s:s?}", "latitude", asin((double)place->z) * degree, "longitude",
                     atan2((double)place->y, (double)place->x) * degree, "rate", measured ? caller->rate : 0.0, "share", caller->share,
                     "site", config->site_count > 0 && caller->shares[first] > 0 ? config->sites[first].name : NULL);
}

static double watched_share(const struct streams *streams)
{
    double sum = 0;
    for (size_t i = 0; i < streams->count; i++)
        sum += streams->all[i].share;
    return fmin(sum, 1);
}

void streams_describe(const struct streams *streams, const struct setup *setup, uint64_t now_ms, json_t *object)
{
    struct caller callers[CALLERS_TOLD];
    json_t *list = json_array();
    const size_t count = is_of(streams, setup) ? gather_callers(streams, geo_classes(place_geo(setup->place)), callers) : 0;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, caller_json(&callers[i], world_config(setup->world), streams->measured));
    json_object_set_new(object, "measured", json_boolean(streams->measured));
    json_object_set_new(object, "watched", json_real(watched_share(streams)));
    json_object_set_new(object, "callers", list);
    json_object_set_new(object, "moves", moves_json(streams, now_ms));
}
