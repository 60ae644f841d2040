#include "health/health.h"

#include "base/invariant.h"

/* What a probe tells, apart from what it found there: a failure to send (EVENT_BLIND) says nothing of the endpoint. */
enum event { EVENT_ALIVE, EVENT_BUSY, EVENT_FAILED, EVENT_BLIND, EVENT_COUNT };

/* How many events of the kind in a row make the move. */
enum pace { PACE_NEVER, PACE_AT_ONCE, PACE_RISE, PACE_FALL };

struct move {
    enum verdict to;
    enum pace pace;
    bool doubt;   /* until the move is made, the verdict is in doubt */
    bool confirm; /* until the move is made, the next probe comes after the confirming delay */
};

/* Every legal move. Down -> up waits whole intervals between its passing probes: a host that has just come back is given time to warm up
 * rather than be believed within a second. */
static const struct move moves[][EVENT_COUNT] =
    {
        [VERDICT_UNKNOWN] =
            {
                [EVENT_ALIVE] = {VERDICT_UP, PACE_AT_ONCE, false, false},
                [EVENT_BUSY] = {VERDICT_DRAINING, PACE_AT_ONCE, false, false},
                [EVENT_FAILED] = {VERDICT_DOWN, PACE_FALL, true, true}, /* one lost packet at the first start must not take it out */
                [EVENT_BLIND] = {VERDICT_UNKNOWN, PACE_NEVER, false, false},
            },
        [VERDICT_UP] =
            {
                [EVENT_ALIVE] = {VERDICT_UP, PACE_NEVER, false, false},
                [EVENT_BUSY] = {VERDICT_DRAINING, PACE_AT_ONCE, false, false},
                [EVENT_FAILED] = {VERDICT_DOWN, PACE_FALL, true, true},
                [EVENT_BLIND] = {VERDICT_UNKNOWN, PACE_FALL, true, true},
            },
        [VERDICT_DRAINING] =
            {
                [EVENT_ALIVE] = {VERDICT_UP, PACE_RISE, true, false},
                [EVENT_BUSY] = {VERDICT_DRAINING, PACE_NEVER, false, false},
                [EVENT_FAILED] = {VERDICT_DOWN, PACE_FALL, true, true},
                [EVENT_BLIND] = {VERDICT_UNKNOWN, PACE_FALL, true, true},
            },
        [VERDICT_DOWN] =
            {
                [EVENT_ALIVE] = {VERDICT_UP, PACE_RISE, true, false},
                [EVENT_BUSY] = {VERDICT_DRAINING, PACE_AT_ONCE, false, false},
                [EVENT_FAILED] = {VERDICT_DOWN, PACE_NEVER, false, false},
                [EVENT_BLIND] = {VERDICT_DOWN, PACE_NEVER, true, false}, /* the last that was seen of it is its death */
            },
};

void health_init(struct health *health, enum verdict saved, uint64_t now_ms)
{
    *health = (struct health){.verdict = saved, .since_ms = now_ms};
    if (saved != VERDICT_UNKNOWN) {
        health->reason = REASON_SAVED;
        health->doubt = true;
    }
}

static enum event event_of(const struct observation *seen)
{
    switch (seen->outcome) {
    case OUTCOME_ALIVE: return EVENT_ALIVE;
    case OUTCOME_BUSY: return EVENT_BUSY;
    default: return seen->reason == REASON_LOCAL ? EVENT_BLIND : EVENT_FAILED;
    }
}

/* Counts the event. A blind probe interrupts nothing: failures before and after it are still in a row. */
static void count(struct health *health, enum event event, bool held)
{
    health->blind = event == EVENT_BLIND ? health->blind + 1 : 0;
    if (event == EVENT_BLIND)
        return;
    health->fails = event == EVENT_FAILED ? health->fails + 1 : 0;
    health->passes = event == EVENT_ALIVE && !held ? health->passes + 1 : 0;
}

static bool move_is_due(const struct health *health, const struct move *move, enum event event, const struct probe *probe)
{
    const bool undecided = health->reason == REASON_SAVED;
    switch (move->pace) {
    case PACE_NEVER: return false;
    case PACE_AT_ONCE: return true;
    case PACE_RISE: return undecided || health->passes >= probe->rise;
    case PACE_FALL: return (event == EVENT_BLIND ? health->blind : health->fails) >= probe->fall;
    }
    invariant(!"a pace of the enum");
}

static void hold_busy(struct health *health, uint32_t retry_after_s, uint64_t now_ms)
{
    uint32_t hold_s = retry_after_s ? retry_after_s : RETRY_AFTER_DEFAULT_S;
    if (hold_s < RETRY_AFTER_MIN_S)
        hold_s = RETRY_AFTER_MIN_S;
    if (hold_s > RETRY_AFTER_MAX_S)
        hold_s = RETRY_AFTER_MAX_S;
    const uint64_t until_ms = now_ms + (uint64_t)hold_s * 1000;
    if (health->busy_until_ms < until_ms)
        health->busy_until_ms = until_ms;
}

static void become(struct health *health, enum verdict verdict, enum reason reason, uint64_t now_ms)
{
    health->verdict = verdict;
    health->reason = reason;
    health->since_ms = now_ms;
    health->doubt = false;
}

struct health_step health_observe(struct health *health, const struct probe *probe, const struct observation *seen, uint64_t now_ms)
{
    const struct health before = *health;
    const enum event event = event_of(seen);
    const bool held = before.verdict == VERDICT_DRAINING && now_ms < before.busy_until_ms;
    const bool ignored = held && (event == EVENT_ALIVE || event == EVENT_BLIND);
    const struct move *move = &moves[before.verdict][event];
    bool confirm = false;

    count(health, event, held);
    if (ignored) {
        health->doubt = false;
    } else if (move_is_due(health, move, event, probe)) {
        become(health, move->to, seen->reason, now_ms);
    } else {
        health->doubt = move->doubt;
        confirm = move->confirm;
        if (move->pace == PACE_NEVER && event != EVENT_BLIND && before.reason == REASON_SAVED)
            health->reason = seen->reason; /* the saved verdict is now an observed one */
    }
    if (event == EVENT_BUSY)
        hold_busy(health, seen->retry_after_s, now_ms);

    const uint32_t half_ms = probe->interval_ms / 2;
    const uint32_t confirm_ms = probe->confirm_ms < half_ms ? probe->confirm_ms : half_ms;
    return (struct health_step){
        .changed = health->verdict != before.verdict || health->doubt != before.doubt,
        .next_ms = confirm ? confirm_ms : probe->interval_ms,
    };
}

bool health_stop(struct health *health, uint64_t now_ms)
{
    const bool changed = health->verdict != VERDICT_UNKNOWN || health->doubt;
    if (changed)
        become(health, VERDICT_UNKNOWN, REASON_STOPPED, now_ms);
    health->reason = REASON_STOPPED;
    health->fails = health->passes = health->blind = 0;
    health->busy_until_ms = 0;
    return changed;
}
