#include "transfer/fetch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "dns/serial.h"
#include "transfer/axfr_in.h"
#include "transfer/wire.h"
#include "zone/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LENGTH_OCTETS = 2, REQUEST_ROOM = 1024 };

struct fetching {
    const struct fetch *fetch;
    struct wire wire;
    struct axfr_in in;
    FILE *file;
    uint8_t *message; /* MESSAGE_MAX octets */
};

static bool write_record(void *context, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len,
                         struct error *err)
{
    struct fetching *fetching = context;
    char name[NAME_TEXT], *text = zone_record_text(owner, type, ttl_s, rdata, len);
    if (text == NULL)
        return error_set(err, "%.300s TYPE%u: malformed", name_to_text(owner, name), type);
    const bool written = fprintf(fetching->file, "%s\n", text) > 0;
    free(text);
    return written || error_set(err, "%s: %s", fetching->fetch->path, strerror(errno));
}

static bool ask(struct fetching *fetching, uint16_t type, struct error *err)
{
    uint8_t octets[LENGTH_OCTETS + REQUEST_ROOM];
    const size_t len =
        axfr_in_ask(&fetching->in, type, (uint16_t)arc4random(), (uint64_t)clock_wall_s(), octets + LENGTH_OCTETS, REQUEST_ROOM);
    put_u16(octets, (uint16_t)len);
    return wire_send(&fetching->wire, octets, LENGTH_OCTETS + len, err);
}

static bool ask_serial(struct fetching *fetching, uint32_t *ret_serial, struct error *err)
{
    size_t len;
    return ask(fetching, TYPE_SOA, err) && wire_receive(&fetching->wire, fetching->message, &len, err) &&
           axfr_in_read_soa(&fetching->in, fetching->message, len, (uint64_t)clock_wall_s(), ret_serial, err);
}

static bool read_zone(struct fetching *fetching, struct error *err)
{
    size_t len;
    if (!ask(fetching, TYPE_AXFR, err))
        return false;
    while (!fetching->in.ended)
        if (!wire_receive(&fetching->wire, fetching->message, &len, err) ||
            !axfr_in_read(&fetching->in, fetching->message, len, (uint64_t)clock_wall_s(), err))
            return false;
    return true;
}

/* On disk before it may replace anything. */
static bool finish_file(struct fetching *fetching, struct error *err)
{
    FILE *file = fetching->file;
    fetching->file = NULL;
    const bool flushed = fflush(file) == 0 && fsync(fileno(file)) == 0;
    const bool closed = fclose(file) == 0;
    return (flushed && closed) || error_set(err, "%s: %s", fetching->fetch->path, strerror(errno));
}

static bool open_file(struct fetching *fetching, struct error *err)
{
    const int fd = open(fetching->fetch->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    fetching->file = fd < 0 ? NULL : fdopen(fd, "w");
    return fetching->file || error_set(err, "%s: %s", fetching->fetch->path, strerror(errno));
}

static bool transfer(struct fetching *fetching, struct error *err)
{
    if (open_file(fetching, err) && read_zone(fetching, err) && finish_file(fetching, err))
        return true;
    if (fetching->file)
        fclose(fetching->file);
    unlink(fetching->fetch->path);
    return false;
}

static enum fetched run(struct fetching *fetching, struct fetch_result *result, struct error *err)
{
    const struct fetch *fetch = fetching->fetch;
    if (!wire_open(&fetching->wire, fetch->primary, fetch->source, fetch->stop, err) || !ask_serial(fetching, &result->serial, err))
        return FETCH_FAILED;
    if (fetch->has_serial && !serial_after(result->serial, fetch->serial))
        return FETCH_CURRENT;
    if (!transfer(fetching, err))
        return FETCH_FAILED;
    *result = (struct fetch_result){fetching->in.serial, fetching->in.records, fetching->in.octets, fetching->in.messages};
    return FETCH_NEW;
}

enum fetched fetch_zone(const struct fetch *fetch, struct fetch_result *ret_result, struct error *err)
{
    struct fetching fetching = {.fetch = fetch, .message = mem_new(MESSAGE_MAX, 1)};
    *ret_result = (struct fetch_result){0};
    axfr_in_init(&fetching.in, fetch->zone, fetch->key, (uint64_t)fetch->primary->limit_mib << 20, write_record, &fetching);
    const enum fetched fetched = run(&fetching, ret_result, err);
    wire_close(&fetching.wire);
    axfr_in_release(&fetching.in);
    free(fetching.message);
    return fetched;
}
