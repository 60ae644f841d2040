#include "control/transfers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/notifier.h"
#include "serve/special.h"
#include "transfer/ledger.h"
#include "transfer/tsig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last transfer of a zone that went out whole. */
struct sent {
    uint32_t serial;
    int64_t wall_s; /* 0: none since the start */
    struct addr peer;
};

struct transfers {
    struct ledger *ledger;
    struct notifier *notifier;
    struct world *world;
    struct sent *sent; /* by zone */
};

struct transfers *transfers_new(struct event_base *base, int wake_fd, struct server *server)
{
    struct transfers *transfers = mem_new(1, sizeof *transfers);
    transfers->ledger = ledger_new(wake_fd);
    transfers->notifier = notifier_new(base);
    server_set_special(server, special_answer, transfers->ledger);
    return transfers;
}

void transfers_free(struct transfers *transfers)
{
    if (transfers == NULL)
        return;
    notifier_free(transfers->notifier);
    ledger_free(transfers->ledger);
    world_unref(transfers->world);
    free(transfers->sent);
    free(transfers);
}

/* What is known of zones that stay is kept. */
static struct sent *carry_sent(const struct transfers *transfers, const struct world *world)
{
    const size_t count = world_config(world)->zone_count;
    struct sent *sent = mem_new(count, sizeof *sent);
    for (size_t i = 0; transfers->world && i < count; i++) {
        const struct zone *zone = world_zone(world, i);
        const int before = world_find_zone(transfers->world, zone->apex, zone->apex_len);
        if (before >= 0)
            sent[i] = transfers->sent[before];
    }
    return sent;
}

void transfers_set(struct transfers *transfers, struct world *world)
{
    struct sent *sent = carry_sent(transfers, world);
    free(transfers->sent);
    transfers->sent = sent;
    notifier_set(transfers->notifier, world);
    world_unref(transfers->world);
    transfers->world = world_ref(world);
}

static void take_sent(struct transfers *transfers, const struct ledger_event *event)
{
    const int zone = transfers->world ? world_find_zone(transfers->world, event->zone, name_len(event->zone)) : -1;
    if (zone >= 0)
        transfers->sent[zone] = (struct sent){.serial = event->serial, .wall_s = clock_wall_s(), .peer = event->peer};
}

bool transfers_take_notified(struct transfers *transfers, size_t zone)
{
    return ledger_take_notified(transfers->ledger, (uint32_t)zone);
}

static const char *why_refused(uint16_t error)
{
    switch (error) {
    case 0: return "its address or key is not allowed";
    case TSIG_BADKEY: return "its key is not known here (BADKEY)";
    case TSIG_BADSIG: return "its signature is wrong (BADSIG)";
    case TSIG_BADTIME: return "its clock is too far from ours (BADTIME)";
    default: return "its signature is cut short (BADTRUNC)";
    }
}

static void log_event(const struct ledger_event *event)
{
    char zone[NAME_TEXT], peer[ADDR_TEXT];
    name_to_text(event->zone, zone);
    addr_format(&event->peer, peer);
    if (event->kind == LEDGER_REFUSED)
        log_warning("%s: refused to %s: %s", zone, peer, why_refused(event->error));
    else
        log_notice("%s: transfer to %s %s: serial %" PRIu32 ", %" PRIu64 " records in %" PRIu64 " messages, %" PRIu64 " octets", zone, peer,
                   event->kind == LEDGER_SENT ? "done" : "broken off", event->serial, event->records, event->messages, event->octets);
}

/* Of refusals, one a pass: anybody can cause them. */
void transfers_pass(struct transfers *transfers)
{
    struct ledger_event event;
    bool told = false;
    for (unsigned i = 0; i < LEDGER_EVENTS && ledger_next(transfers->ledger, &event); i++) {
        const bool refused = event.kind == LEDGER_REFUSED;
        if (event.kind == LEDGER_SENT)
            take_sent(transfers, &event);
        if (!refused || !told)
            log_event(&event);
        told |= refused;
    }
    notifier_pass(transfers->notifier, clock_ms());
}

json_t *transfers_json(const struct transfers *transfers)
{
    return json_pack("{s:I, s:I, s:I}", "sent", (json_int_t)ledger_count(transfers->ledger, LEDGER_SENT), "broken_off",
                     (json_int_t)ledger_count(transfers->ledger, LEDGER_BROKEN), "refused",
                     (json_int_t)ledger_count(transfers->ledger, LEDGER_REFUSED));
}

void transfers_describe(const struct transfers *transfers, size_t zone, json_t *object)
{
    const struct sent *sent = &transfers->sent[zone];
    char peer[ADDR_TEXT];
    if (sent->wall_s)
        json_object_set_new(object, "sent",
                            json_pack("{s:I, s:I, s:s}", "serial", (json_int_t)sent->serial, "since_s", (json_int_t)sent->wall_s, "to",
                                      addr_format(&sent->peer, peer)));
    json_t *notified = notifier_json(transfers->notifier, zone);
    if (json_array_size(notified))
        json_object_set_new(object, "notify", notified);
    else
        json_decref(notified);
}
