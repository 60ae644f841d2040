#include "control/drill.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const results[DRILL_RESULTS] = {
    [DRILL_RUNNING] = "running", [DRILL_PASSED] = "passed",   [DRILL_FAILED] = "failed",
    [DRILL_STOPPED] = "stopped", [DRILL_ABORTED] = "aborted", [DRILL_INTERRUPTED] = "interrupted"};

const char *drill_result_text(enum drill_result result)
{
    return results[result];
}

bool drill_result_parse(const char *text, enum drill_result *ret_result)
{
    for (*ret_result = 0; *ret_result < DRILL_RESULTS; (*ret_result)++)
        if (strcmp(text, results[*ret_result]) == 0)
            return true;
    return false;
}

void drill_begin(struct drill *drill, const struct drill_start *start, uint64_t now_ms)
{
    *drill = (struct drill){
        .start = *start,
        .began_ms = now_ms,
        .until_ms = now_ms + start->for_ms,
        .published_ms = DRILL_NEVER,
        .half_ms = DRILL_NEVER,
        .most_ms = DRILL_NEVER,
        .lasted_ms = DRILL_NEVER,
        .calls = start->calls,
        .least_calls = start->calls,
        .peak = -1,
    };
}

static int64_t since_begin(const struct drill *drill, uint64_t now_ms)
{
    return now_ms > drill->began_ms ? (int64_t)(now_ms - drill->began_ms) : 0;
}

static void end(struct drill *drill, enum drill_result result, uint64_t now_ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void end(struct drill *drill, enum drill_result result, uint64_t now_ms, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(drill->why, sizeof drill->why, format, args);
    va_end(args);
    drill->result = result;
    drill->lasted_ms = since_begin(drill, now_ms);
}

int64_t drill_moved_ms(const struct drill *drill)
{
    if (drill->start.detect_ms == DRILL_NEVER || drill->published_ms == DRILL_NEVER)
        return DRILL_NEVER;
    return drill->start.detect_ms + drill->published_ms + (int64_t)drill->start.ttl_s * 1000;
}

/* What fails takes its calls with it; who comes on top may find no place. Past max the worst of what was predicted and seen. */
double drill_calls_at_risk(const struct drill *drill)
{
    const double predicted = drill->start.calls_past_max, seen = drill->calls_past_max;
    return drill->start.calls + (seen > predicted ? seen : predicted) + drill->start.calls_without_site;
}

double drill_calls_moved(const struct drill *drill)
{
    if (!drill->start.measured || drill->start.calls <= 0)
        return -1;
    const double left = drill->calls < drill->start.calls ? drill->start.calls - drill->calls : 0;
    return 100 * left / drill->start.calls;
}

/* Where no load is measured, what was predicted is judged. */
static double peak_of(const struct drill *drill)
{
    return drill->peak >= 0 ? drill->peak : drill->start.peak;
}

struct drill_judgement drill_judge(const struct drill *drill)
{
    const struct drill_goals *goals = &drill->start.goals;
    const int64_t moved_ms = drill_moved_ms(drill);
    return (struct drill_judgement){
        .publish = drill->published_ms != DRILL_NEVER && drill->published_ms <= goals->publish_ms,
        .moved = moved_ms != DRILL_NEVER && moved_ms <= goals->moved_ms,
        .peak = peak_of(drill) <= goals->peak,
        .calls_at_risk = goals->calls_at_risk == 0 || drill_calls_at_risk(drill) <= goals->calls_at_risk,
    };
}

/* The time is over. */
static void conclude(struct drill *drill, uint64_t now_ms)
{
    const struct drill_goals *goals = &drill->start.goals;
    const struct drill_judgement judgement = drill_judge(drill);
    if (!judgement.publish && drill->published_ms == DRILL_NEVER)
        end(drill, DRILL_FAILED, now_ms, "answers led to the site until the end");
    else if (!judgement.publish)
        end(drill, DRILL_FAILED, now_ms, "answers led to the site for %.3f s; the goal is %.3f s", (double)drill->published_ms / 1e3,
            goals->publish_ms / 1e3);
    else if (!judgement.moved && drill->start.detect_ms == DRILL_NEVER)
        end(drill, DRILL_FAILED, now_ms, "no probe would notice that all of the site has failed");
    else if (!judgement.moved)
        end(drill, DRILL_FAILED, now_ms, "after a failure all callers would be elsewhere in %.1f s at worst; the goal is %.1f s",
            (double)drill_moved_ms(drill) / 1e3, goals->moved_ms / 1e3);
    else if (!judgement.peak)
        end(drill, DRILL_FAILED, now_ms, "site %s came to %.0f %% of its capacity; the goal is %u %%",
            drill->peak >= 0 ? drill->peak_site : drill->start.peak_site, peak_of(drill), goals->peak);
    else if (!judgement.calls_at_risk)
        end(drill, DRILL_FAILED, now_ms, "%.0f calls were at risk; the goal is %u", drill_calls_at_risk(drill), goals->calls_at_risk);
    else
        end(drill, DRILL_PASSED, now_ms, "%s", "");
}

static bool see_calls(struct drill *drill, const struct drill_sight *sight, uint64_t now_ms)
{
    if (sight->trust <= 0 || !drill->start.measured)
        return false;
    bool changed = false;
    drill->calls = sight->calls;
    drill->least_calls = sight->calls < drill->least_calls ? sight->calls : drill->least_calls;
    const struct {
        double share;
        int64_t *at_ms;
    } marks[] = {{0.5, &drill->half_ms}, {0.1, &drill->most_ms}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (*marks[i].at_ms == DRILL_NEVER && drill->start.calls > 0 && sight->calls <= marks[i].share * drill->start.calls) {
            *marks[i].at_ms = since_begin(drill, now_ms);
            changed = true;
        }
    return changed;
}

static void see_others(struct drill *drill, const struct drill_sight *sight)
{
    if (sight->peak > drill->peak) {
        drill->peak = sight->peak;
        snprintf(drill->peak_site, sizeof drill->peak_site, "%s", sight->peak_site);
    }
    if (sight->calls_past_max > drill->calls_past_max)
        drill->calls_past_max = sight->calls_past_max;
}

bool drill_gone(struct drill *drill, uint64_t now_ms)
{
    if (drill->result != DRILL_RUNNING || drill->published_ms != DRILL_NEVER)
        return false;
    drill->published_ms = since_begin(drill, now_ms);
    return true;
}

enum drill_turn drill_look(struct drill *drill, const struct drill_sight *sight, uint64_t now_ms)
{
    if (drill->result != DRILL_RUNNING)
        return DRILL_OVER;
    const bool changed = see_calls(drill, sight, now_ms);
    see_others(drill, sight);
    if (now_ms >= drill->until_ms)
        conclude(drill, now_ms);
    else if (!sight->ordered)
        end(drill, DRILL_STOPPED, now_ms, "its order was ended, or the site was given another one");
    else if (sight->wrong)
        end(drill, DRILL_ABORTED, now_ms, "%s", sight->wrong);
    if (drill->result != DRILL_RUNNING)
        return DRILL_OVER;
    return changed ? DRILL_CHANGED : DRILL_GOES_ON;
}

void drill_stop(struct drill *drill, const char *who, uint64_t now_ms)
{
    if (drill->result == DRILL_RUNNING)
        end(drill, DRILL_STOPPED, now_ms, "ended by %s", who);
}

/* What was measured before counts; how long the daemon was away is not told by the monotonic clock of this run, but by what is left. */
void drill_resume(struct drill *drill, uint64_t left_ms, uint64_t now_ms)
{
    if (drill->result != DRILL_RUNNING)
        return;
    drill->restarts++;
    if (left_ms == 0) {
        end(drill, DRILL_INTERRUPTED, now_ms, "the daemon was not running when it ended");
        drill->lasted_ms = (int64_t)drill->start.for_ms;
        return;
    }
    drill->until_ms = now_ms + left_ms;
    const uint64_t gone_ms = left_ms < drill->start.for_ms ? drill->start.for_ms - left_ms : 0;
    drill->began_ms = now_ms > gone_ms ? now_ms - gone_ms : 0;
}
