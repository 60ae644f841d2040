/* Any octets as the stream of messages that a primary sends, each behind its length: never a crash, and what is taken lies in the zone and begins with its
 * SOA. */
#include "base/invariant.h"
#include "transfer/axfr_in.h"
#include "zone/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned records;

static bool take(void *context, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len, struct error *err)
{
    static const uint8_t apex[] = "\1z";
    (void)context;
    invariant(name_below(owner, name_len(owner), apex, sizeof apex, NULL));
    invariant(records++ > 0 || type == TYPE_SOA);
    char *text = zone_record_text(owner, type, ttl_s, rdata, len);
    free(text);
    return text != NULL || error_set(err, "malformed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct axfr_in in;
    struct error err;
    uint8_t request[1024], message[MESSAGE_MAX];
    uint32_t serial;
    bool good = true;
    records = 0;
    axfr_in_init(&in, "z.", NULL, 1 << 20, take, NULL);
    axfr_in_ask(&in, TYPE_AXFR, 0x4242, 1700000000, request, sizeof request);
    struct reader r = reader_over(data, size);
    while (good && !in.ended && reader_left(&r) >= 2) {
        const uint16_t len = read_u16(&r);
        const uint8_t *octets = read_span(&r, len < reader_left(&r) ? len : reader_left(&r));
        const size_t got = (size_t)(r.at - octets);
        memcpy(message, octets, got);
        axfr_in_read_soa(&in, message, got, 1700000000, &serial, &err);
        memcpy(message, octets, got);
        good = axfr_in_read(&in, message, got, 1700000000, &err);
    }
    invariant(!good || !in.ended || records > 0);
    axfr_in_release(&in);
    return 0;
}
