#include "control/director.h"
#include "control/transitions.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool transition_of(const struct endpoint_health *before, const struct endpoint_health *now, struct transition *ret)
{
    static const char *const ways[TRANSPORT_COUNT] = {"udp: ", "tcp: ", "tls: ", "ws: ", "wss: "};
    if (before->overall != now->overall) {
        *ret = (struct transition){.way = "", .from = before->overall, .to = now->overall, .reason = now->reason};
        return true;
    }
    for (unsigned i = 0; i < 2 * TRANSPORT_COUNT; i++) {
        const unsigned six = i / TRANSPORT_COUNT, transport = i % TRANSPORT_COUNT;
        const struct facet *was = &before->of[six][transport], *is = &now->of[six][transport];
        if (was->probed && is->probed && was->verdict != is->verdict) {
            *ret = (struct transition){.way = ways[transport], .from = was->verdict, .to = is->verdict};
            return true;
        }
    }
    return false;
}

struct transition transition_explained(struct transition seen, uint16_t endpoint, const struct check_result *by)
{
    seen.endpoint = endpoint;
    if (seen.way[0])
        seen.reason = by->health.reason;
    if (seen.reason == by->last.reason)
        memcpy(seen.detail, by->last.detail, sizeof seen.detail);
    return seen;
}

static char *target_of(const struct config *config, uint16_t number)
{
    if (number >= config->endpoint_count)
        return mem_text(config->judgement.checks[number - config->endpoint_count].name);
    const struct endpoint *of = &config->endpoints[number];
    return mem_format("%s/%s", config->sites[of->site].name, of->host);
}

static void tell(const struct director *director, const struct transition *at, bool logged)
{
    const struct config *config = world_config(director->setup->world);
    char *target = target_of(config, at->endpoint);
    char *why = mem_format("%s%s%s", reason_text(at->reason), at->detail[0] ? ": " : "", at->detail);
    char *what = mem_format("%s%s -> %s", at->way, verdict_text(at->from), verdict_text(at->to));
    if (logged)
        log_notice("%s %s: %s (%s)", at->endpoint >= config->endpoint_count ? "check" : "endpoint", target, what, why);
    journal_note_many(director->journal, &(struct event){.kind = EVENT_VERDICT,
                                                         .target = target,
                                                         .what = what,
                                                         .why = why,
                                                         .before = json_string(verdict_text(at->from)),
                                                         .after = json_string(verdict_text(at->to))});
    free(target);
    free(why);
    free(what);
}

void transitions_tell(const struct director *director, const struct transition *transitions, size_t count)
{
    for (size_t i = 0; i < count && i < TRANSITIONS_NOTED; i++)
        tell(director, &transitions[i], i < TRANSITIONS_LOGGED);
    if (count > TRANSITIONS_NOTED)
        journal_untold(director->journal, count - TRANSITIONS_NOTED);
    if (count > TRANSITIONS_LOGGED)
        log_notice("and %zu endpoints more changed", count - TRANSITIONS_LOGGED);
}
