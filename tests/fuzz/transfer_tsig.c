/* Any octets as a signed request and as a signed answer: never a crash, what is taken off leaves a shorter message, and what is answered fits the room that was
 * promised. The first octet says where in a sound signed message the rest is put, so that mutations reach behind the parser, too. */
#include "base/invariant.h"
#include "dns/records.h"
#include "transfer/tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1700000000, ROOM = 4096 };

static uint8_t secret[] = "sixteen octets!!";
static const struct tsig_key key = {.name = "k.", .algorithm = TSIG_HMAC_SHA256, .secret = {secret, 16}};

static void as_request(const uint8_t *data, size_t size)
{
    uint8_t message[ROOM + 1024];
    struct tsig tsig;
    size_t len = size;
    memcpy(message, data, size);
    const enum tsig_taken taken = tsig_take_request(&tsig, &key, 1, message, &len, NOW_S);
    invariant(len <= size && (taken == TSIG_GOOD || taken == TSIG_WRONG) == (len < size));
    if (taken != TSIG_GOOD && taken != TSIG_WRONG)
        return;
    const size_t room = len + tsig_room(&tsig);
    invariant(tsig_sign(&tsig, message, len, room, NOW_S) == room);
    struct records records;
    struct rr rr;
    invariant(records_begin(&records, message, room));
    while (records_next(&records, &rr))
        ;
    invariant(!records.bad);
}

static void as_answer(const uint8_t *data, size_t size)
{
    uint8_t message[ROOM + 1024], name[] = {1, 'z', 0};
    struct tsig tsig;
    struct error err;
    bool is_signed;
    struct writer w = writer_over(message, sizeof message);
    query_write(&w, &(struct query_spec){.id = 1, .name = name, .type = TYPE_AXFR, .class = CLASS_IN});
    tsig_begin(&tsig, &key);
    tsig_sign(&tsig, message, writer_len(&w), sizeof message, NOW_S);
    size_t len = size;
    memcpy(message, data, size);
    invariant(!tsig_take_answer(&tsig, message, &len, NOW_S, &is_signed, &err)); /* nobody guesses a MAC */
    tsig_release(&tsig);
}

static void as_mutation(const uint8_t *data, size_t size)
{
    uint8_t message[ROOM + 1024], name[] = {1, 'z', 0};
    struct tsig tsig;
    struct writer w = writer_over(message, sizeof message);
    query_write(&w, &(struct query_spec){.id = 1, .name = name, .type = TYPE_AXFR, .class = CLASS_IN, .udp_size = 1232});
    tsig_begin(&tsig, &key);
    const size_t len = tsig_sign(&tsig, message, writer_len(&w), sizeof message, NOW_S);
    for (size_t i = 0; i + 1 < size; i++)
        message[(data[0] + i) % len] ^= data[i + 1];
    as_request(message, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > ROOM)
        return 0;
    as_request(data, size);
    as_answer(data, size);
    if (size > 0)
        as_mutation(data, size);
    return 0;
}
