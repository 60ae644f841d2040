/* Any octets as a message that a client got: records lie inside it, names are sound, and RDATA written out is sound again. */
#include "base/invariant.h"
#include "dns/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const uint8_t *name, size_t len)
{
    invariant(len >= 1 && len <= NAME_OCTETS && name_len(name) == len);
}

/* What was written out holds no pointer any more, so that it reads the same in a message of its own. */
static void check_expanded(const struct rr *rr, const uint8_t *rdata, size_t len)
{
    static uint8_t message[HEADER_LEN + MESSAGE_MAX * 2], again[MESSAGE_MAX * 2];
    struct writer w = writer_over(message, sizeof message), out = writer_over(again, sizeof again);
    const struct rr alone = {.type = rr->type, .rdata_at = HEADER_LEN, .rdata_len = (uint16_t)len};
    if (len > UINT16_MAX)
        return;
    memset(write_span(&w, HEADER_LEN), 0, HEADER_LEN);
    write_bytes(&w, rdata, len);
    const struct records records = {.r = reader_over(message, writer_len(&w))};
    invariant(rr_expand(&records, &alone, &out));
    invariant(writer_len(&out) == len && memcmp(again, rdata, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t expanded[MESSAGE_MAX * 2];
    struct records records;
    struct rr rr;
    if (!records_begin(&records, data, size))
        return 0;
    if (records.has_question)
        check_name(records.qname, records.qname_len);
    while (records_next(&records, &rr)) {
        struct writer w = writer_over(expanded, sizeof expanded);
        check_name(rr.owner, rr.owner_len);
        invariant(rr.at < rr.rdata_at && (size_t)rr.rdata_at + rr.rdata_len <= size);
        if (rr_expand(&records, &rr, &w))
            check_expanded(&rr, expanded, writer_len(&w));
    }
    invariant(records.bad || reader_left(&records.r) == 0);
    return 0;
}
