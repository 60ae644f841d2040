#include "dnssec/rollover.h"

#include <stddef.h>
#include <string.h>

static bool is_sep(const struct key *key)
{
    return key->flags & KEY_FLAG_SEP;
}

/* Whether it is published or signs, now or later. */
static bool lives(const struct key *key, int64_t now_s)
{
    return (key->times[KEY_PUBLISH] != KEY_NEVER && now_s < key->times[KEY_DELETE]) ||
           (key->times[KEY_ACTIVATE] != KEY_NEVER && now_s < key_signs_until(key));
}

enum key_role key_role_of(const struct keys *keys, size_t number, int64_t now_s)
{
    const struct key *key = &keys->items[number];
    if (!is_sep(key))
        return ROLE_ZSK;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].algorithm == key->algorithm && !is_sep(&keys->items[i]) && lives(&keys->items[i], now_s))
            return ROLE_KSK;
    return ROLE_CSK;
}

enum key_state key_state_of(const struct key *key, int64_t now_s)
{
    const bool published = key_published(key, now_s), active = key_active(key, now_s);
    if (published)
        return active ? STATE_ACTIVE : key->times[KEY_ACTIVATE] > now_s ? STATE_PUBLISHED : STATE_RETIRED;
    if (active)
        return key->times[KEY_DELETE] <= now_s ? STATE_POSTSIGNING : STATE_PRESIGNING;
    return lives(key, now_s) || key->times[KEY_DELETE] > now_s ? STATE_FUTURE : STATE_REMOVED;
}

bool rollover_waits(const struct key *key)
{
    return is_sep(key) && key->times[KEY_SYNC_DELETE] != KEY_NEVER && key->times[KEY_INACTIVE] == KEY_NEVER &&
           key->times[KEY_DELETE] == KEY_NEVER;
}

/* --- new keys */

static void clear_times(int64_t times[KEY_TIMES])
{
    for (unsigned i = 0; i < KEY_TIMES; i++)
        times[i] = KEY_NEVER;
}

void rollover_first_times(uint16_t flags, int64_t now_s, const struct delays *delays, int64_t ret[KEY_TIMES])
{
    clear_times(ret);
    ret[KEY_CREATED] = ret[KEY_PUBLISH] = ret[KEY_ACTIVATE] = now_s;
    if (flags & KEY_FLAG_SEP)
        ret[KEY_SYNC_PUBLISH] = now_s + delays->longest_ttl_s + delays->propagation_s;
}

/* A key like the one it replaces, but of this algorithm. */
static int64_t *add_key(struct rollover *rollover, const struct key *like, const struct algorithm *algorithm, int64_t now_s,
                        const struct delays *delays)
{
    struct key_plan *plan = &rollover->made[rollover->made_count++];
    *plan = (struct key_plan){.algorithm = algorithm, .flags = like->flags, .ttl_s = delays->dnskey_ttl_s};
    clear_times(plan->times);
    plan->times[KEY_CREATED] = now_s;
    return plan->times;
}

static int64_t *change(struct rollover *rollover, const struct keys *keys, size_t number)
{
    if (!rollover->changed[number])
        memcpy(rollover->times[number], keys->items[number].times, sizeof rollover->times[number]);
    rollover->changed[number] = true;
    return rollover->times[number];
}

/* --- beginning */

/* Signs, and nothing says that it will end. */
static bool is_current(const struct key *key, int64_t now_s)
{
    return key_published(key, now_s) && key_active(key, now_s) && key->times[KEY_INACTIVE] == KEY_NEVER &&
           key->times[KEY_DELETE] == KEY_NEVER && key->times[KEY_SYNC_DELETE] == KEY_NEVER;
}

static bool under_way(const struct key *key, int64_t now_s, struct error *err)
{
    char until[KEY_TIME_TEXT];
    if (rollover_waits(key))
        return error_set(err, "a rollover is under way: key %u waits for the parent's new DS (ds-seen)", key->tag);
    const int64_t next_s = key_next_event(key, now_s);
    if (next_s == KEY_NEVER)
        return error_set(err, "key %u is neither current nor is there a time for it: give it one with dnssec-settime, or remove its files",
                         key->tag);
    return error_set(err, "a rollover is under way: key %u changes next at %s (UTC)", key->tag, key_time_text(next_s, until));
}

/* The only living key with this SEP flag; all others are dead. */
static bool find_current(const struct keys *keys, bool sep, int64_t now_s, size_t *ret_number, struct error *err)
{
    size_t found = KEYS_MAX;
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        if (is_sep(key) != sep || !lives(key, now_s))
            continue;
        if (!is_current(key, now_s))
            return under_way(key, now_s, err);
        if (found != KEYS_MAX)
            return error_set(err, "keys %u and %u are both current, expected one to replace", keys->items[found].tag, key->tag);
        found = i;
    }
    *ret_number = found;
    return found != KEYS_MAX || error_set(err, "there is no %s to replace", sep ? "KSK or CSK" : "ZSK");
}

static void start_zsk(const struct keys *keys, size_t old, int64_t now_s, const struct delays *delays, struct rollover *ret)
{
    const struct key *key = &keys->items[old];
    int64_t *new = add_key(ret, key, key->algorithm, now_s, delays), *changed = change(ret, keys, old);
    new[KEY_PUBLISH] = now_s;
    new[KEY_ACTIVATE] = now_s + delays->dnskey_ttl_s + delays->propagation_s;
    changed[KEY_INACTIVE] = new[KEY_ACTIVATE];
    changed[KEY_DELETE] = changed[KEY_INACTIVE] + delays->longest_ttl_s + delays->propagation_s;
}

static void start_sep(const struct keys *keys, size_t old, int64_t now_s, const struct delays *delays, struct rollover *ret)
{
    const struct key *key = &keys->items[old];
    int64_t *new = add_key(ret, key, key->algorithm, now_s, delays);
    new[KEY_PUBLISH] = new[KEY_ACTIVATE] = now_s;
    new[KEY_SYNC_PUBLISH] = now_s + delays->dnskey_ttl_s + delays->propagation_s;
    if (key->times[KEY_SYNC_PUBLISH] != KEY_NEVER && new[KEY_SYNC_PUBLISH] < key->times[KEY_SYNC_PUBLISH])
        new[KEY_SYNC_PUBLISH] = key->times[KEY_SYNC_PUBLISH]; /* a zone so newly signed that it has no DS yet */
    change(ret, keys, old)[KEY_SYNC_DELETE] = new[KEY_SYNC_PUBLISH];
}

static bool start_algorithm(const struct keys *keys, const struct algorithm *algorithm, int64_t now_s, const struct delays *delays,
                            struct rollover *ret, struct error *err)
{
    size_t sep, zsk = KEYS_MAX;
    struct error none;
    if (!find_current(keys, true, now_s, &sep, err))
        return false;
    const int64_t publish_s = now_s + delays->longest_ttl_s + delays->propagation_s;
    const int64_t sync_s = publish_s + delays->dnskey_ttl_s + delays->propagation_s;
    if (key_role_of(keys, sep, now_s) == ROLE_KSK) {
        if (!find_current(keys, false, now_s, &zsk, err))
            return false;
    } else if (find_current(keys, false, now_s, &zsk, &none)) {
        return error_set(err, "the ZSK is of another algorithm than the CSK");
    }
    for (unsigned i = 0; i < 2; i++) {
        const size_t old = i == 0 ? sep : zsk;
        if (old == KEYS_MAX)
            continue;
        int64_t *new = add_key(ret, &keys->items[old], algorithm, now_s, delays);
        new[KEY_ACTIVATE] = now_s;
        new[KEY_PUBLISH] = publish_s;
        new[KEY_SYNC_PUBLISH] = old == sep ? sync_s : KEY_NEVER;
    }
    change(ret, keys, sep)[KEY_SYNC_DELETE] = sync_s;
    return true;
}

static bool any_of(const struct keys *keys, const struct algorithm *algorithm, int64_t now_s)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].algorithm == algorithm && lives(&keys->items[i], now_s))
            return true;
    return false;
}

bool rollover_start(const struct keys *keys, enum key_role role, const struct algorithm *algorithm, int64_t now_s,
                    const struct delays *delays, struct rollover *ret, struct error *err)
{
    size_t old;
    *ret = (struct rollover){.made_count = 0};
    if (algorithm && !any_of(keys, algorithm, now_s))
        return start_algorithm(keys, algorithm, now_s, delays, ret, err);
    if (!find_current(keys, role != ROLE_ZSK, now_s, &old, err))
        return false;
    if (role != key_role_of(keys, old, now_s))
        return error_set(err, "key %u is a %s", keys->items[old].tag,
                         role == ROLE_CSK ? "KSK, beside a ZSK" : "CSK, which signs everything");
    if (role == ROLE_ZSK)
        start_zsk(keys, old, now_s, delays, ret);
    else
        start_sep(keys, old, now_s, delays, ret);
    return true;
}

/* --- the new DS is there */

static const struct key *successor_of(const struct keys *keys, const struct key *old)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        if (is_sep(key) && key != old && key->times[KEY_SYNC_PUBLISH] == old->times[KEY_SYNC_DELETE] &&
            key->times[KEY_SYNC_DELETE] == KEY_NEVER && key->times[KEY_INACTIVE] == KEY_NEVER)
            return key;
    }
    return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Signatures of the algorithm go when no cache has its keys, for which a validator would ask for them. */
static void end_algorithm(const struct keys *keys, const struct key *old, int64_t delete_s, int64_t now_s, const struct delays *delays,
                          struct rollover *ret)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->items[i].algorithm != old->algorithm || !lives(&keys->items[i], now_s))
            continue;
        int64_t *times = change(ret, keys, i);
        times[KEY_DELETE] = delete_s;
        times[KEY_INACTIVE] = delete_s + delays->dnskey_ttl_s + delays->propagation_s;
    }
}

static bool end_key(const struct keys *keys, size_t number, int64_t now_s, const struct delays *delays, struct rollover *ret,
                    struct error *err)
{
    char text[KEY_TIME_TEXT];
    const struct key *old = &keys->items[number], *new = successor_of(keys, old);
    if (new == NULL)
        return error_set(err, "key %u has no successor", old->tag);
    if (new->times[KEY_SYNC_PUBLISH] > now_s)
        return error_set(err, "too early: until %s (UTC) caches may not know key %u, and its DS must not be alone at the parent",
                         key_time_text(new->times[KEY_SYNC_PUBLISH], text), new->tag);
    int64_t end_s = now_s + delays->ds_ttl_s + delays->parent_propagation_s;
    if (new->algorithm != old->algorithm) {
        end_algorithm(keys, old, end_s, now_s, delays, ret);
        return true;
    }
    /* Of a CSK caches may have signatures from before its successor's. */
    end_s = later(end_s, new->times[KEY_ACTIVATE] + delays->longest_ttl_s + delays->propagation_s);
    int64_t *times = change(ret, keys, number);
    times[KEY_INACTIVE] = times[KEY_DELETE] = end_s;
    return true;
}

bool rollover_ds_seen(const struct keys *keys, int64_t now_s, const struct delays *delays, struct rollover *ret, struct error *err)
{
    *ret = (struct rollover){.made_count = 0};
    for (size_t i = 0; i < keys->count; i++)
        if (rollover_waits(&keys->items[i]) && lives(&keys->items[i], now_s))
            return end_key(keys, i, now_s, delays, ret, err);
    return error_set(err, "no rollover waits for a DS");
}

/* --- gaps */

static bool signs_at(const struct keys *keys, int64_t at_s)
{
    for (size_t i = 0; i < keys->count; i++)
        if (key_published(&keys->items[i], at_s) && key_active(&keys->items[i], at_s))
            return true;
    return false;
}

int64_t rollover_gap_s(const struct keys *keys, int64_t now_s)
{
    for (int64_t at_s = now_s; at_s != KEY_NEVER;) {
        if (!signs_at(keys, at_s))
            return at_s;
        int64_t next_s = KEY_NEVER;
        for (size_t i = 0; i < keys->count; i++) {
            const int64_t event_s = key_next_event(&keys->items[i], at_s);
            next_s = event_s < next_s ? event_s : next_s;
        }
        at_s = next_s;
    }
    return KEY_NEVER;
}
