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

static bool is_rise(enum verdict from, enum verdict to)
{
    return (from == VERDICT_DOWN && to != VERDICT_DOWN) || (from == VERDICT_DRAINING && to == VERDICT_UP);
}

unsigned health_falls(const struct health *health, const struct probe *probe, uint64_t now_ms)
{
    const struct damping *damping = &health->damping;
    const uint64_t quiet_ms = damping->held_until_ms > health->since_ms ? damping->held_until_ms : health->since_ms;
    if (damping->falls == 0 || probe->hold_down_ms == 0)
        return 0;
    const uint64_t forgiven = now_ms > quiet_ms ? (now_ms - quiet_ms) / probe->hold_down_max_ms : 0;
    return forgiven < damping->falls ? damping->falls - (unsigned)forgiven : 0;
}

static uint64_t hold_ms(const struct probe *probe, unsigned falls)
{
    uint64_t hold_ms = probe->hold_down_ms;
    while (--falls > 0 && hold_ms < probe->hold_down_max_ms)
        hold_ms *= 2;
    return hold_ms < probe->hold_down_max_ms ? hold_ms : probe->hold_down_max_ms;
}

/* More falls than make the longest hold would only take longer to forgive. */
static bool holds_longest(const struct probe *probe, unsigned falls)
{
    return falls > 0 && hold_ms(probe, falls) >= probe->hold_down_max_ms;
}

/* Before the verdict changes. A fall that is no first one counts once, however many steps it takes (draining, then down). */
static void damp(struct health *health, const struct probe *probe, enum verdict to, uint64_t now_ms)
{
    struct damping *damping = &health->damping;
    damping->falls = health_falls(health, probe, now_ms);
    if (is_rise(health->verdict, to)) {
        damping->rose_ms = now_ms;
    } else if ((to == VERDICT_DOWN || to == VERDICT_DRAINING) && damping->rose_ms) {
        const bool soon = probe->hold_down_ms > 0 && now_ms - damping->rose_ms < probe->hold_down_max_ms;
        damping->falls += soon && !holds_longest(probe, damping->falls);
        if (soon)
            damping->held_until_ms = now_ms + hold_ms(probe, damping->falls);
        damping->rose_ms = 0;
    }
}

/* By the probe as it is now: a reload may have shortened its holds. */
static bool is_held(struct health *health, const struct probe *probe, uint64_t now_ms)
{
    uint64_t *until_ms = &health->damping.held_until_ms;
    if (*until_ms > now_ms + probe->hold_down_max_ms)
        *until_ms = now_ms + probe->hold_down_max_ms;
    return probe->hold_down_ms > 0 && now_ms < *until_ms;
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

static void become(struct health *health, const struct probe *probe, enum verdict verdict, enum reason reason, uint64_t now_ms)
{
    damp(health, probe, verdict, now_ms);
    health->verdict = verdict;
    health->reason = reason;
    health->since_ms = now_ms;
    health->doubt = false;
}

struct health_step health_observe(struct health *health, const struct probe *probe, const struct observation *seen, uint64_t now_ms)
{
    const struct health before = *health;
    const enum event event = event_of(seen);
    const bool draining = before.verdict == VERDICT_DRAINING;
    const bool busy = now_ms < before.busy_until_ms;
    const bool ignored = draining && busy && (event == EVENT_ALIVE || event == EVENT_BLIND);
    const struct move *move = &moves[before.verdict][event];
    const bool damped = is_rise(before.verdict, move->to) && is_held(health, probe, now_ms);
    bool confirm = false;

    count(health, event, busy);
    if (event == EVENT_FAILED && health->fails >= probe->fall)
        health->busy_until_ms = 0; /* death ends it */
    const bool due = move_is_due(health, move, event, probe);
    health->held = before.verdict == VERDICT_DOWN && (damped ? due || before.held : before.held && event == EVENT_BLIND);
    if (ignored || damped) {
        health->doubt = false;
    } else if (due) {
        become(health, probe, move->to, seen->reason, now_ms);
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
        .changed = health->verdict != before.verdict || health->doubt != before.doubt || health->held != before.held,
        .next_ms = confirm ? confirm_ms : probe->interval_ms,
    };
}

bool health_stop(struct health *health, enum reason why, uint64_t now_ms)
{
    const bool changed = health->verdict != VERDICT_UNKNOWN || health->doubt;
    if (changed) {
        health->verdict = VERDICT_UNKNOWN;
        health->since_ms = now_ms;
        health->doubt = false;
    }
    health->reason = why;
    health->held = false;
    health->fails = health->passes = health->blind = 0;
    health->busy_until_ms = 0;
    return changed;
}
