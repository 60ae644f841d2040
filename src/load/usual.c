#include "load/usual.h"

#include <math.h>

static const double CURVE_WEIGHT = 0.3; /* of the newest day (or week) in the curve */
static const double LEVEL_HALF_LIFE_MIN = 60;
static const double WARM_HALF_LIFE_MIN = 8; /* of the level while no curve is known: it must follow the day by itself */
static const double NOISE_WEIGHT = 0.02;
static const double NOISE_FACTOR = 4;   /* mean distances from the usual that are still nothing */
static const double CURVE_LEAST = 0.02; /* of the largest of the curve: at night, nothing is said of what is hardly there */

static bool all_known(const uint8_t *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!known[i])
            return false;
    return true;
}

/* 1970 began on a Thursday, which does not matter. */
static size_t week_slot(int64_t slot)
{
    return (size_t)(slot % USUAL_WEEK_SLOTS);
}

static size_t day_slot(int64_t slot)
{
    return (size_t)(slot % USUAL_DAY_SLOTS);
}

static double largest(const float *curve, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = curve[i] > most ? curve[i] : most;
    return most;
}

/* Between the middles of slots, on a line. */
static double on_curve(const float *curve, size_t count, int64_t wall_s)
{
    const double at = (double)(wall_s % ((int64_t)count * USUAL_SLOT_MIN * 60)) / (USUAL_SLOT_MIN * 60) - 0.5;
    const double floor_at = floor(at), part = at - floor_at;
    const size_t left = (size_t)((int64_t)floor_at + (int64_t)count) % count, right = (left + 1) % count;
    return curve[left] * (1 - part) + curve[right] * part;
}

/* The curve's value at this moment; 1 as long as none is known; 0: there is hardly anything at this time. */
static double curve_at(const struct usual *usual, int64_t wall_s)
{
    const bool week = all_known(usual->week_known, USUAL_WEEK_SLOTS);
    if (!week && !all_known(usual->day_known, USUAL_DAY_SLOTS))
        return 1;
    const float *curve = week ? usual->week : usual->day;
    const size_t count = week ? USUAL_WEEK_SLOTS : USUAL_DAY_SLOTS;
    const double value = on_curve(curve, count, wall_s);
    return value > CURVE_LEAST * largest(curve, count) ? value : 0;
}

static void learn(float *curve, uint8_t *known, size_t at, double mean)
{
    curve[at] = known[at] ? (float)(curve[at] + CURVE_WEIGHT * (mean - curve[at])) : (float)mean;
    known[at] = 1;
}

/* What was unusual is no example, unless it has stayed so long that it is the usual now. */
static void end_slot(struct usual *usual, int64_t wall_s)
{
    const bool had_curve = all_known(usual->day_known, USUAL_DAY_SLOTS), had_week = all_known(usual->week_known, USUAL_WEEK_SLOTS);
    if (usual->slot_count * 2 >= USUAL_SLOT_MIN) {
        const double mean = usual->slot_sum / usual->slot_count;
        learn(usual->day, usual->day_known, day_slot(usual->slot), mean);
        learn(usual->week, usual->week_known, week_slot(usual->slot), mean);
    }
    usual->slot_sum = 0;
    usual->slot_count = 0;
    const bool changed =
        had_curve != all_known(usual->day_known, USUAL_DAY_SLOTS) || had_week != all_known(usual->week_known, USUAL_WEEK_SLOTS);
    const double curve = changed ? curve_at(usual, wall_s) : 0;
    if (curve > 0) /* another curve from now on: what is now is usual */
        usual->level = usual_now(usual) / curve;
}

static void count_minute(struct usual *usual, double rate, int64_t wall_s)
{
    const int64_t slot = (wall_s - 1) / (USUAL_SLOT_MIN * 60);
    if (slot != usual->slot)
        end_slot(usual, wall_s);
    usual->slot = slot;
    if (usual->state == UNUSUAL_NOT) {
        usual->slot_sum += rate;
        usual->slot_count++;
    }
    for (unsigned i = USUAL_NOW_MIN - 1; i > 0; i--)
        usual->recent[i] = usual->recent[i - 1];
    usual->recent[0] = rate;
}

double usual_now(const struct usual *usual)
{
    const unsigned count = usual->minutes < USUAL_NOW_MIN ? usual->minutes : USUAL_NOW_MIN;
    double sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += usual->recent[i];
    return count ? sum / count : 0;
}

static enum unusual judge(const struct usual *usual, const struct usual_bounds *bounds)
{
    const double now = usual_now(usual), band = NOISE_FACTOR * usual->noise;
    const double below = fmax(bounds->drop / 100.0, band), above = fmax(bounds->spike / 100.0, band);
    if (usual->expected <= 0 || usual->expected < bounds->least)
        return UNUSUAL_NOT;
    if (bounds->drop && below < 1 && now < usual->expected * (1 - below))
        return UNUSUAL_DROP;
    /* Before the curve of a day is known, a steep morning looks like a spike. */
    if (bounds->spike && all_known(usual->day_known, USUAL_DAY_SLOTS) && now > usual->expected * (1 + above))
        return UNUSUAL_SPIKE;
    return UNUSUAL_NOT;
}

static void follow(struct usual *usual, double rate, double curve)
{
    const double ratio = rate / curve;
    const double half_life = all_known(usual->day_known, USUAL_DAY_SLOTS) ? LEVEL_HALF_LIFE_MIN : WARM_HALF_LIFE_MIN;
    if (usual->minutes <= USUAL_NOW_MIN) {
        usual->level += (ratio - usual->level) / usual->minutes;
        return;
    }
    if (usual->expected > 0) {
        const double distance = fmin(fabs(rate / usual->expected - 1), 1);
        usual->noise += NOISE_WEIGHT * (distance - usual->noise);
    }
    usual->level += (1 - exp2(-1 / half_life)) * (ratio - usual->level);
}

/* After a pause, or a jump of the clock, the last minutes are none. */
static void mind_gap(struct usual *usual, int64_t minute)
{
    const int64_t gap = minute - usual->minute;
    usual->minute = minute;
    if (usual->minutes == 0 || (gap >= 1 && gap <= USUAL_NOW_MIN))
        return;
    usual->minutes = 0;
    usual->level = 0;
    usual->far_minutes = 0;
    usual->state = UNUSUAL_NOT;
    usual->slot_sum = 0;
    usual->slot_count = 0;
    usual->slot = minute * 60 / (USUAL_SLOT_MIN * 60);
}

enum unusual usual_add(struct usual *usual, double rate, int64_t wall_s, const struct usual_bounds *bounds)
{
    mind_gap(usual, wall_s / 60);
    const double curve = curve_at(usual, wall_s - 30);
    usual->expected = usual->minutes ? curve_at(usual, wall_s - USUAL_NOW_MIN * 30) * usual->level : 0;
    usual->minutes++;
    count_minute(usual, rate, wall_s);
    const enum unusual seen = usual->minutes > USUAL_WARM_MIN ? judge(usual, bounds) : UNUSUAL_NOT;
    usual->far_minutes = seen == UNUSUAL_NOT ? 0 : usual->far_minutes + 1;
    if (usual->far_minutes > USUAL_ACCEPT_MIN && curve > 0) {
        usual->level = rate / curve;
        usual->far_minutes = 0;
    }
    usual->state = usual->far_minutes >= 2 ? seen : UNUSUAL_NOT;
    if (usual->far_minutes == 0 && curve > 0)
        follow(usual, rate, curve);
    return usual->state;
}

unsigned busy_add(struct busy *busy, double ratio, double bound, int64_t wall_s)
{
    const int64_t day = wall_s / 86400;
    if (day != busy->day) {
        busy->days = busy->today && day == busy->day + 1 ? busy->days : 0;
        busy->today = false;
        busy->day = day;
    }
    if (ratio >= bound && bound > 0 && !busy->today) {
        busy->today = true;
        busy->days++;
    }
    return busy->days;
}
