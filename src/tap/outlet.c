#include "tap/outlet.h"

#include "base/memory.h"
#include "tap/dnstap.h"
#include "tap/frames.h"
#include "tap/line.h"
#include "tap/rotated.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_OCTETS = 64 << 10 };

struct outlet {
    enum tap_kind kind;
    const struct config *config;
    /* dnstap */
    struct frames *frames;
    struct dnstap_source source;
    uint8_t frame[DNSTAP_FRAME];
    /* the query log */
    struct rotated file;
    struct meanings *meanings;
    struct meaning *meaning; /* of the last record; NULL */
    uint64_t generation;     /* of states */
    bool has_states;
    uint8_t states[SITES_MAX];
    size_t used;
    char lines[LINES_OCTETS];
};

struct outlet *outlet_open(enum tap_kind kind, const struct config *config, struct meanings *meanings, int wake_fd, struct error *err)
{
    struct outlet *outlet = mem_new(1, sizeof *outlet);
    const struct dnstap_config *dnstap = &config->dnstap;
    outlet->kind = kind;
    outlet->config = config;
    outlet->meanings = meanings;
    outlet->source = (struct dnstap_source){dnstap->identity[0] ? dnstap->identity : config->server.id,
                                            dnstap->version[0] ? dnstap->version : config->server.version};
    if (kind == TAP_DNSTAP)
        outlet->frames = frames_open(dnstap, wake_fd, err);
    if (kind == TAP_DNSTAP ? outlet->frames != NULL
                           : rotated_open(&outlet->file, config->query_log.file, &config->query_log.rotation, false, err))
        return outlet;
    free(outlet);
    return NULL;
}

static bool write_frames(struct outlet *outlet, const struct tap_record *record, int64_t clock_ns, struct error *err)
{
    const struct dnstap_config *dnstap = &outlet->config->dnstap;
    const bool wanted[] = {[DNSTAP_AUTH_QUERY] = dnstap->queries, [DNSTAP_AUTH_RESPONSE] = dnstap->responses && record->answer_len > 0};
    for (enum dnstap_type type = DNSTAP_AUTH_QUERY; type <= DNSTAP_AUTH_RESPONSE; type++) {
        if (!wanted[type])
            continue;
        const size_t len = dnstap_encode(record, type, &outlet->source, clock_ns, outlet->frame);
        if (!frames_write(outlet->frames, outlet->frame, len, err))
            return false;
    }
    return true;
}

/* What the numbers mean, for most records the same as for the one before. */
static void look_up(struct outlet *outlet, const struct tap_record *record)
{
    if (!outlet->meaning || outlet->meaning->place != record->sample.place) {
        meaning_unref(outlet->meaning);
        outlet->meaning = meanings_find(outlet->meanings, record->sample.place);
    }
    if (outlet->generation != record->generation) {
        outlet->generation = record->generation;
        outlet->has_states = meanings_states(outlet->meanings, record->generation, outlet->states);
    }
}

static bool flush_lines(struct outlet *outlet, struct error *err)
{
    const size_t used = outlet->used;
    outlet->used = 0;
    return used == 0 || rotated_write(&outlet->file, outlet->lines, used, err);
}

static bool write_line(struct outlet *outlet, const struct tap_record *record, int64_t clock_ns, struct error *err)
{
    if (record->steered)
        look_up(outlet, record);
    if (sizeof outlet->lines - outlet->used < LINE_OCTETS && !flush_lines(outlet, err))
        return false;
    const struct line_reading reading = {
        .clock_ns = clock_ns, .meaning = outlet->meaning, .states = outlet->has_states ? outlet->states : NULL};
    outlet->used += line_write(record, &reading, outlet->lines + outlet->used);
    return true;
}

bool outlet_write(struct outlet *outlet, const struct tap_record *record, int64_t clock_ns, struct error *err)
{
    return outlet->kind == TAP_DNSTAP ? write_frames(outlet, record, clock_ns, err) : write_line(outlet, record, clock_ns, err);
}

bool outlet_flush(struct outlet *outlet, struct error *err)
{
    if (outlet->kind == TAP_DNSTAP)
        return frames_flush(outlet->frames, err);
    return flush_lines(outlet, err) && (!rotated_is_full(&outlet->file) || rotated_turn(&outlet->file, err));
}

/* Who moves files away by other means, as logrotate does, finds a new one; and meanings are not held for longer than records of them come. */
bool outlet_pass(struct outlet *outlet, struct error *err)
{
    if (outlet->kind == TAP_DNSTAP)
        return !frames_are_gone(outlet->frames) || error_set(err, "%s was moved away", outlet->config->dnstap.file);
    meaning_unref(outlet->meaning);
    outlet->meaning = NULL;
    if (!rotated_is_gone(&outlet->file))
        return true;
    rotated_close(&outlet->file);
    return rotated_open(&outlet->file, outlet->config->query_log.file, &outlet->config->query_log.rotation, false, err);
}

void outlet_close(struct outlet *outlet)
{
    if (outlet == NULL)
        return;
    if (outlet->kind == TAP_DNSTAP)
        frames_close(outlet->frames);
    else
        rotated_close(&outlet->file);
    meaning_unref(outlet->meaning);
    free(outlet);
}
