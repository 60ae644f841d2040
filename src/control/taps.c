#include "control/taps.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void give_back(void *place)
{
    place_unref(place);
}

void taps_set(struct tap *tap, const struct setup *setup)
{
    tap_set(tap, meaning_new(place_number(setup->place), world_config_ref(setup->world), geo_classes(place_geo(setup->place)),
                             place_ref(setup->place), give_back));
}

/* standing: the best of the site's endpoints. */
static enum site_state state_of(const struct setup *setup, const struct room *room, size_t site, enum standing standing)
{
    if (standing >= STANDING_LAST)
        return setup->effects.sites[site] == ORDERED_DISABLE ? SITE_DISABLED : SITE_DOWN;
    if (standing == STANDING_RESERVE)
        return SITE_DRAINED;
    if (room->prices_m && room->prices_m[site] > 0)
        return SITE_FULL;
    return room->site_shares && room->site_shares[site] < SHARE_WHOLE ? SITE_RETURNING : SITE_UP;
}

static void look_at_sites(const struct setup *setup, uint8_t *ret_states)
{
    const struct config *config = world_config(setup->world);
    const struct world_state state = setup_state(setup);
    const size_t words = config->endpoint_count / 64 + 1;
    uint8_t sites[SITES_MAX], *standings = mem_new(config->endpoint_count + 1, 1);
    uint64_t *offered = mem_new(words, sizeof *offered);
    memset(offered, 0xff, words * sizeof *offered);
    for (size_t i = 0; i < config->site_count; i++)
        sites[i] = (uint8_t)i;
    const struct plan_spec everything = {
        .targets = 1, .transport = -1, .sites = sites, .site_count = config->site_count, .offered = offered};
    policy_standings(place_policy(setup->place), &state, &everything, standings, NULL);
    for (size_t i = 0; i < config->site_count; i++) {
        const struct site *site = &config->sites[i];
        uint8_t best = STANDING_OUT;
        for (size_t k = site->first_endpoint; k < (size_t)site->first_endpoint + site->endpoint_count; k++)
            best = standings[k] < best ? standings[k] : best;
        ret_states[i] = (uint8_t)state_of(setup, &state.room, i, best);
    }
    free(standings);
    free(offered);
}

void taps_publish(struct tap *tap, const struct setup *setup, const struct snapshot *snapshot, uint64_t generation, uint64_t now_ms)
{
    uint8_t states[SITES_MAX];
    if (!tap_logs(tap) || !snapshot_is_of(snapshot, setup->world, setup->place))
        return;
    look_at_sites(setup, states);
    tap_publish(tap, generation, place_number(setup->place), states, world_config(setup->world)->site_count, now_ms);
}

static json_t *tap_json(struct tap *tap, enum tap_kind kind)
{
    struct tap_told told;
    tap_tell(tap, kind, &told);
    if (!told.on && told.written + told.crowded + told.failed == 0)
        return json_null();
    json_t *object = json_pack("{s:b, s:b, s:I, s:I, s:I}", "on", told.on, "works", told.works, "written", (json_int_t)told.written,
                               "lost_crowded", (json_int_t)told.crowded, "lost_failed", (json_int_t)told.failed);
    if (told.on)
        json_object_update_new(object, json_pack("{s:s, s:I}", "target", told.target, "sample", (json_int_t)told.sample));
    if (told.err.text[0])
        json_object_set_new(object, "error", json_string(told.err.text));
    return object;
}

json_t *taps_json(struct tap *tap)
{
    json_t *object = json_object();
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++)
        json_object_set_new(object, tap_kind_text(kind), tap_json(tap, kind));
    return object;
}

void taps_alarms(struct tap *tap, json_t *list)
{
    for (enum tap_kind kind = 0; kind < TAP_KINDS; kind++) {
        struct tap_told told;
        tap_tell(tap, kind, &told);
        if (told.on && told.err.text[0])
            json_array_append_new(list, json_sprintf("%s: %s", tap_kind_text(kind), told.err.text));
    }
}
