/* Any octets as a cookie option, between a secret, an address and a time of the input's: what is judged valid could have been made here. */
#include "base/invariant.h"
#include "dns/cookie.h"
#include "dns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the only option of a query without a question: the parser and cookie_length_sound() agree. */
static void parse(const uint8_t *option, size_t len)
{
    uint8_t packet[512];
    struct query query;
    struct writer w = writer_over(packet, sizeof packet);
    write_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\51\4\320\0\0\0\0", 21);
    write_u16(&w, (uint16_t)(OPTION_HEADER + len));
    write_u16(&w, OPTION_COOKIE);
    write_u16(&w, (uint16_t)len);
    write_bytes(&w, option, len);
    invariant(query_parse(packet, writer_len(&w), &query));
    invariant((query.rcode == RCODE_NOERROR) == cookie_length_sound(len));
    invariant(query.rcode != RCODE_NOERROR || (query.cookie_len == len && memcmp(query.cookie, option, len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = SIPHASH_KEY + 16 + 4 + 1 };
    if (size < HEAD || size > HEAD + 256)
        return 0;
    struct siphash_keys secrets = {.count = 1};
    struct addr client = {.family = data[HEAD - 1] & 1 ? FAMILY_V4 : FAMILY_V6};
    memcpy(secrets.keys[0].octets, data, SIPHASH_KEY);
    memcpy(client.bytes, data + SIPHASH_KEY, addr_octets(client.family));
    const uint32_t now_s = get_u32(data + SIPHASH_KEY + 16);
    const uint8_t *option = data + HEAD;
    const size_t len = size - HEAD;
    parse(option, len);
    if (!cookie_length_sound(len))
        return 0;
    uint8_t made[COOKIE_WHOLE];
    const enum cookie judged = cookie_judge(&secrets, option, len, &client, now_s);
    invariant(judged != COOKIE_NONE && (judged == COOKIE_CLIENT_ONLY) == (len == COOKIE_CLIENT));
    cookie_make(&secrets, option, &client, now_s, made);
    invariant(cookie_judge(&secrets, made, sizeof made, &client, now_s) == COOKIE_GOOD);
    if (judged >= COOKIE_OLD && memcmp(option + COOKIE_CLIENT, "\1\0\0\0", 4) == 0) {
        cookie_make(&secrets, option, &client, get_u32(option + COOKIE_CLIENT + 4), made);
        invariant(memcmp(made, option, COOKIE_WHOLE) == 0);
    }
    return 0;
}
