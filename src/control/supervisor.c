#include "control/supervisor.h"

#include "base/clock.h"
#include "control/director.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

void supervisor_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(clock_ns() / 1000));
}

void supervisor_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

static size_t endpoints_up(const struct beliefs *beliefs, size_t endpoint_count)
{
    size_t up = 0;
    for (size_t i = 0; i < endpoint_count; i++)
        up += beliefs->health[i].overall == VERDICT_UP;
    return up;
}

static void describe(const struct director *director, char *ret_text, size_t room)
{
    const struct config *config = world_config(director->setup->world);
    const struct setup *setup = director->setup;
    snprintf(ret_text, room, "%s %zu zone%s, %zu of %zu endpoints up, %zu order%s%s%s", director->serving ? "serving" : "starting with",
             config->zone_count, config->zone_count == 1 ? "" : "s", endpoints_up(&setup->beliefs, config->endpoint_count),
             config->endpoint_count, director->overrides.count, director->overrides.count == 1 ? "" : "s",
             setup->suspect ? ", falls at once not believed" : "", director->alarms.reload[0] ? ", the last reload failed" : "");
}

/* Tells the message, and the status if it has changed. */
static void tell(const struct director *director, const char *message)
{
    static char told[120]; /* what systemd shows of this process: "serving 2 zones, 23 of 24 endpoints up, 1 order" */
    char status[sizeof told];
    describe(director, status, sizeof status);
    if (strcmp(status, told) == 0) {
        sd_notify(0, message);
        return;
    }
    memcpy(told, status, sizeof status);
    sd_notifyf(0, "%s\nSTATUS=%s", message, status);
}

void supervisor_ready(const struct director *director)
{
    tell(director, "READY=1");
}

void supervisor_alive(const struct director *director)
{
    tell(director, "WATCHDOG=1");
}
