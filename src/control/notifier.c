#include "control/notifier.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/outgoing.h"
#include "platform/sockaddr.h"
#include "transfer/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 2048 };

struct notice {
    struct notifier *notifier;
    size_t zone; /* of the notifier's world */
    struct hostport to;
    const struct tsig_key *key; /* of the world's configuration, or NULL */
    uint32_t serial;
    bool answered;
    unsigned tries;
    uint64_t next_ms, pause_ms, sent_ms;
    char problem[200]; /* why the last try was none; "" */
    int fd;            /* -1: it waits for no answer */
    struct event *readable;
    uint16_t id;
    struct tsig tsig;
};

struct notifier {
    struct event_base *base;
    struct world *world;
    struct notice *notices; /* by zone, then as in the configuration */
    size_t count, open;
};

struct notifier *notifier_new(struct event_base *base)
{
    struct notifier *notifier = mem_new(1, sizeof *notifier);
    notifier->base = base;
    return notifier;
}

static void stop_waiting(struct notice *notice)
{
    if (notice->fd < 0)
        return;
    event_free(notice->readable);
    close(notice->fd);
    notice->fd = -1;
    notice->notifier->open--;
}

static void drop_notices(struct notifier *notifier)
{
    for (size_t i = 0; i < notifier->count; i++)
        stop_waiting(&notifier->notices[i]);
    free(notifier->notices);
    notifier->notices = NULL;
    notifier->count = 0;
}

void notifier_free(struct notifier *notifier)
{
    drop_notices(notifier);
    world_unref(notifier->world);
    free(notifier);
}

static const struct notice *find_notice(const struct notifier *notifier, const struct zone *zone, const struct hostport *to)
{
    const int number = notifier->world ? world_find_zone(notifier->world, zone->apex, zone->apex_len) : -1;
    for (size_t i = 0; number >= 0 && i < notifier->count; i++) {
        const struct notice *notice = &notifier->notices[i];
        if (notice->zone == (size_t)number && notice->to.port == to->port && addr_equal(&notice->to.addr, &to->addr))
            return notice;
    }
    return NULL;
}

/* What was known of it stays, unless the serial is another. */
static struct notice make_notice(struct notifier *notifier, const struct world *world, size_t zone, const struct hostport *to)
{
    const struct config *config = world_config(world);
    const struct transfer_config *transfer = &config->zones[zone].transfer;
    const struct notice *before = find_notice(notifier, world_zone(world, zone), to);
    struct notice notice = {.notifier = notifier,
                            .zone = zone,
                            .to = *to,
                            .key = transfer->key_count ? &config->keys[transfer->keys[0]] : NULL,
                            .serial = world_zone(world, zone)->serial,
                            .pause_ms = NOTIFY_FIRST_MS,
                            .fd = -1};
    if (before && before->serial == notice.serial) {
        notice.answered = before->answered;
        notice.tries = before->tries;
        notice.next_ms = before->next_ms;
        notice.pause_ms = before->pause_ms;
        memcpy(notice.problem, before->problem, sizeof notice.problem);
    }
    return notice;
}

void notifier_set(struct notifier *notifier, struct world *world)
{
    const struct config *config = world_config(world);
    size_t count = 0;
    for (size_t z = 0; z < config->zone_count; z++)
        count += world_zone(world, z)->absent ? 0 : config->zones[z].transfer.notify_count;
    struct notice *notices = mem_new(count, sizeof *notices), *next = notices;
    for (size_t z = 0; z < config->zone_count; z++)
        for (size_t i = 0; !world_zone(world, z)->absent && i < config->zones[z].transfer.notify_count; i++)
            *next++ = make_notice(notifier, world, z, &config->zones[z].transfer.notify[i]);
    drop_notices(notifier);
    notifier->notices = notices;
    notifier->count = count;
    world_unref(notifier->world);
    notifier->world = world_ref(world);
    notifier_pass(notifier, clock_ms());
}

static void note_problem(struct notice *notice, const char *text)
{
    char to[HOSTPORT_TEXT];
    if (notice->problem[0] == '\0')
        log_warning("%s: NOTIFY to %s: %s; it is tried again", world_config(notice->notifier->world)->zones[notice->zone].name,
                    hostport_format(&notice->to, to), text);
    snprintf(notice->problem, sizeof notice->problem, "%s", text);
}

static void take_answer(struct notice *notice, unsigned rcode)
{
    char to[HOSTPORT_TEXT], text[60];
    stop_waiting(notice);
    if (rcode != RCODE_NOERROR) {
        snprintf(text, sizeof text, "it answers with rcode %u", rcode);
        note_problem(notice, text);
        return;
    }
    notice->answered = true;
    notice->problem[0] = '\0';
    log_notice("%s: %s knows of serial %" PRIu32, world_config(notice->notifier->world)->zones[notice->zone].name,
               hostport_format(&notice->to, to), notice->serial);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct notice *notice = context;
    uint8_t octets[ROOM];
    unsigned rcode;
    struct error err;
    (void)what;
    const ssize_t len = recv(fd, octets, sizeof octets, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len < 0) { /* nobody is at home: the next try is as far off as ever */
        note_problem(notice, strerror(errno));
        stop_waiting(notice);
    } else if (notify_read_answer(world_zone(notice->notifier->world, notice->zone), notice->id, &notice->tsig, (uint64_t)clock_wall_s(),
                                  octets, (size_t)len, &rcode, &err)) {
        take_answer(notice, rcode);
    } else {
        note_problem(notice, err.text);
    }
}

/* Secondaries take NOTIFY from the address that they ask: one that we listen on, if that says which. */
static const struct addr *notifier_source(const struct notifier *notifier, const struct hostport *to)
{
    return outgoing_source(world_config(notifier->world), to->addr.family);
}

static void send_notice(struct notice *notice, uint64_t now_ms)
{
    struct notifier *notifier = notice->notifier;
    uint8_t octets[ROOM];
    stop_waiting(notice);
    notice->tries++;
    notice->sent_ms = now_ms;
    notice->next_ms = now_ms + notice->pause_ms;
    notice->pause_ms = notice->pause_ms * 2 < NOTIFY_LAST_MS ? notice->pause_ms * 2 : NOTIFY_LAST_MS;
    notice->id = (uint16_t)arc4random();
    notice->tsig = (struct tsig){0};
    if (notice->key)
        tsig_begin(&notice->tsig, notice->key);
    const size_t len =
        notify_write(world_zone(notifier->world, notice->zone), notice->id, &notice->tsig, (uint64_t)clock_wall_s(), octets, sizeof octets);
    const int fd = socket_connect_from(SOCK_DGRAM, notifier_source(notifier, &notice->to), &notice->to);
    if (fd < 0 || send(fd, octets, len, 0) < 0) {
        note_problem(notice, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    notice->fd = fd;
    notice->readable = event_new(notifier->base, fd, EV_READ | EV_PERSIST, on_readable, notice);
    event_add(notice->readable, NULL);
    notifier->open++;
}

static bool waited_enough(const struct notice *notice, uint64_t now_ms)
{
    return notice->fd >= 0 && (now_ms >= notice->next_ms || now_ms >= notice->sent_ms + NOTIFY_WAIT_MS);
}

static int compare_due(const void *a, const void *b)
{
    const struct notice *left = *(const struct notice *const *)a, *right = *(const struct notice *const *)b;
    if (left->next_ms != right->next_ms)
        return left->next_ms < right->next_ms ? -1 : 1;
    return left < right ? -1 : left > right;
}

/* Ends the waits that are over, and lists what is due: the longest overdue first. */
static size_t list_due(struct notifier *notifier, uint64_t now_ms, struct notice **due)
{
    size_t count = 0;
    for (size_t i = 0; i < notifier->count; i++) {
        struct notice *notice = &notifier->notices[i];
        if (waited_enough(notice, now_ms)) {
            note_problem(notice, "no answer");
            stop_waiting(notice);
        }
        if (!notice->answered && now_ms >= notice->next_ms)
            due[count++] = notice;
    }
    qsort(due, count, sizeof(struct notice *), compare_due);
    return count;
}

/* The silent ones must not keep the sockets from the others. */
void notifier_pass(struct notifier *notifier, uint64_t now_ms)
{
    struct notice **due = mem_new(notifier->count, sizeof(struct notice *));
    const size_t count = list_due(notifier, now_ms, due);
    for (size_t i = 0; i < count && notifier->open < NOTIFY_SOCKETS; i++)
        send_notice(due[i], now_ms);
    free(due);
}

json_t *notifier_json(const struct notifier *notifier, size_t zone)
{
    json_t *list = json_array();
    char to[HOSTPORT_TEXT];
    for (size_t i = 0; i < notifier->count; i++) {
        const struct notice *notice = &notifier->notices[i];
        if (notice->zone == zone)
            json_array_append_new(list, json_pack("{s:s, s:I, s:b, s:i, s:s}", "to", hostport_format(&notice->to, to), "serial",
                                                  (json_int_t)notice->serial, "answered", notice->answered, "tries", (int)notice->tries,
                                                  "problem", notice->problem));
    }
    return list;
}
