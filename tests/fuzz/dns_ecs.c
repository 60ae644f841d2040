/* Any octets as the options of an OPT record: what is accepted as a client subnet is sound (RFC 7871 6). */
#include "base/invariant.h"
#include "dns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t head[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 'a', 0, 0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0};
    uint8_t packet[sizeof head + 2 + 1024];
    struct query query;
    if (size > 1024)
        return 0;
    struct writer w = writer_over(packet, sizeof packet);
    write_bytes(&w, head, sizeof head);
    write_u16(&w, (uint16_t)size);
    write_bytes(&w, data, size);
    invariant(query_parse(packet, writer_len(&w), &query) && query.edns);
    if (query.rcode != RCODE_NOERROR || !query.ecs.present)
        return 0;
    uint8_t ecs[ECS_OCTETS];
    invariant(ecs_write(&query.ecs, 32, ecs) <= sizeof ecs);
    struct addr masked = query.ecs.addr;
    addr_mask(&masked, query.ecs.source);
    invariant(addr_equal(&masked, &query.ecs.addr));
    invariant(query.ecs.addr.family == FAMILY_NONE ? query.ecs.source == 0 : query.ecs.source <= addr_bits(query.ecs.addr.family));
    return 0;
}
