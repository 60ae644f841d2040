/* What is wrong with the world: endpoints, sites, how full they are. */
#include "control/watch.h"

#include "base/clock.h"
#include "control/director.h"

#include <stdio.h>
#include <stdlib.h>

static bool ordered(const struct setup *setup, size_t endpoint)
{
    const size_t site = world_config(setup->world)->endpoints[endpoint].site;
    return setup->effects.endpoints[endpoint] != ORDERED_NOTHING || setup->effects.sites[site] != ORDERED_NOTHING;
}

/* What somebody has ordered away does not wake anybody. */
static void tell_verdict(const struct setup *setup, size_t number, struct alerts *alerts)
{
    const struct config *config = world_config(setup->world);
    const struct endpoint_health *health = &setup->beliefs.health[number];
    if (health->overall != VERDICT_DOWN && health->overall != VERDICT_DRAINING)
        return;
    char target[TARGET_TEXT];
    const bool named = number >= config->endpoint_count;
    if (named)
        snprintf(target, sizeof target, "%s", config->judgement.checks[number - config->endpoint_count].name);
    else
        snprintf(target, sizeof target, "%s/%s", config->sites[config->endpoints[number].site].name, config->endpoints[number].host);
    const bool mild = health->overall == VERDICT_DRAINING || (!named && ordered(setup, number));
    struct alert *alert = alerts_tell(alerts, ALERT_VERDICT, target, mild ? ALERT_INFO : ALERT_WARNING);
    alert_say(alert, "%s %s is %s: %s", named ? "check" : "endpoint", target, verdict_text(health->overall), reason_text(health->reason));
}

static bool all_ordered(const struct setup *setup, const struct site *site)
{
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (!ordered(setup, i))
            return false;
    return true;
}

static void tell_lost(const struct setup *setup, size_t number, struct alerts *alerts)
{
    const struct site *site = &world_config(setup->world)->sites[number];
    if (!setup->ramps.sites[number].away || all_ordered(setup, site))
        return;
    size_t up = 0;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        up += setup->beliefs.health[i].overall == VERDICT_UP;
    struct alert *alert = alerts_tell(alerts, ALERT_SITE_LOST, site->name, ALERT_CRITICAL);
    alert_say(alert, "site %s is lost: it gets no new callers; %zu of its %u endpoints are up", site->name, up,
              (unsigned)site->endpoint_count);
}

static void tell_room(const struct setup *setup, size_t number, struct alerts *alerts)
{
    const struct site *site = &world_config(setup->world)->sites[number];
    const struct utilisation *use = &setup->meters.site_use[number];
    const double percent = use->ratio * 100;
    if (use->trust <= 0 || percent <= site->room.target)
        return;
    alert_say(alerts_tell(alerts, ALERT_PAST_TARGET, site->name, ALERT_WARNING),
              "site %s is at %.0f %% of its capacity, past its target of %u %%", site->name, percent, site->room.target);
    if (percent > site->room.max)
        alert_say(alerts_tell(alerts, ALERT_PAST_MAX, site->name, ALERT_CRITICAL),
                  "site %s is at %.0f %% of its capacity, past its max of %u %%", site->name, percent, site->room.max);
}

static void tell_habit(const struct habit *habit, enum alert_kind kind, const char *what, struct alerts *alerts)
{
    if (habit->state == UNUSUAL_NOT)
        return;
    struct alert *alert = alerts_tell(alerts, kind, habit->state == UNUSUAL_DROP ? "drop" : "spike", ALERT_WARNING);
    alert_say(alert, "%s: about %.0f where %.0f are usual at this time", what, usual_now(&habit->usual), habit->usual.expected);
}

static void tell_habits(const struct habits *habits, const struct config *config, struct alerts *alerts)
{
    tell_habit(&habits->queries, ALERT_QUERIES, "queries a second", alerts);
    tell_habit(&habits->calls, ALERT_CALLS, "calls", alerts);
    for (size_t i = 0; config->alerts.busy && i < habits->site_count; i++)
        if (habits->sites[i].busy.days >= config->alerts.busy_days)
            alert_say(alerts_tell(alerts, ALERT_BUSY, habits->sites[i].site, ALERT_WARNING),
                      "site %s was past %u %% of its capacity on %u days in a row", habits->sites[i].site, config->alerts.busy,
                      habits->sites[i].busy.days);
    if (habits->old_file[0])
        alert_say(alerts_tell(alerts, ALERT_STALE, "geo age", ALERT_WARNING), "geo data: %s is %u days old", habits->old_file,
                  habits->old_days);
}

void conditions_tell(struct director *director, struct alerts *alerts)
{
    struct setup *setup = director->setup;
    const struct config *config = world_config(setup->world);
    setup_look(setup, clock_ms());
    for (size_t i = 0; i < config->site_count; i++) {
        tell_lost(setup, i, alerts);
        tell_room(setup, i, alerts);
    }
    for (size_t i = 0; i < setup->beliefs.subject_count; i++)
        tell_verdict(setup, i, alerts);
    tell_habits(&director->habits, config, alerts);
    if (director->overload_ms)
        alert_say(alerts_tell(alerts, ALERT_OVERLOAD, "", ALERT_CRITICAL),
                  "overload: more queries come than can be answered; who is not known must wait");
}
