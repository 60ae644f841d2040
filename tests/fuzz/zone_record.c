/* Any octets as RDATA of any type: zone_record_text() refuses them or prints them. */
#include "base/cursor.h"
#include "zone/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t owner[] = "\1a\7example";
    char text[16];
    struct reader r = reader_over(data, len);
    const uint16_t type = read_u16(&r);
    if (r.bad || reader_left(&r) > UINT16_MAX)
        return 0;
    free(zone_record_text(owner, type, 30, r.at, (uint16_t)reader_left(&r)));
    if (zone_type_number(zone_type_text(type, text)) != type)
        abort();
    return 0;
}
