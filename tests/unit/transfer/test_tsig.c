#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/records.h"
#include "transfer/digest.h"
#include "transfer/tsig.h"

#include <ldns/ldns.h>
#include <stdlib.h>

enum { NOW_S = 1700000000 };

static uint8_t secret[] = "sixteen octets!!and sixteen more";
static const char secret_text[] = "c2l4dGVlbiBvY3RldHMhIWFuZCBzaXh0ZWVuIG1vcmU=";
static struct tsig_key keys[] = {
    {.name = "other.key.", .algorithm = TSIG_HMAC_SHA256, .secret = {secret, 16}},
    {.name = "xfr.key.", .algorithm = TSIG_HMAC_SHA256, .secret = {secret, sizeof secret - 1}},
};
static struct tsig_key *const key = &keys[1];

struct message {
    uint8_t octets[2048];
    size_t len;
};

static struct message query(void)
{
    struct message m;
    struct writer w = writer_over(m.octets, sizeof m.octets);
    uint8_t name[NAME_OCTETS];
    name_from_text("sip.test.", name);
    query_write(&w, &(struct query_spec){.id = 0x1234, .name = name, .type = TYPE_SOA, .class = CLASS_IN, .udp_size = 1232});
    m.len = writer_len(&w);
    return m;
}

static struct message answer_to(const struct message *asked)
{
    struct message m = *asked;
    m.octets[2] |= FLAG_QR >> 8;
    return m;
}

static void sign(struct tsig *tsig, struct message *m, uint64_t now_s)
{
    m->len = tsig_sign(tsig, m->octets, m->len, sizeof m->octets, now_s);
}

static struct message signed_query(struct tsig *client, uint64_t now_s)
{
    struct message m = query();
    tsig_begin(client, key);
    sign(client, &m, now_s);
    return m;
}

static enum tsig_taken take(struct tsig *tsig, struct message *m)
{
    return tsig_take_request(tsig, keys, 2, m->octets, &m->len, NOW_S);
}

/* A copy, so that the message stays as it was sent. */
static bool accepts(struct tsig *client, struct message m, struct error *err)
{
    bool is_signed;
    const bool good = tsig_take_answer(client, m.octets, &m.len, NOW_S, &is_signed, err);
    return good && is_signed;
}

/* --- against another implementation */

static ldns_pkt *parsed(const struct message *m)
{
    ldns_pkt *packet = NULL;
    assert_int_equal(ldns_wire2pkt(&packet, m->octets, m->len), LDNS_STATUS_OK);
    return packet;
}

static void a_request_of_ours_is_sound_to_ldns(void **state)
{
    (void)state;
    static const enum tsig_algorithm known[] = {TSIG_HMAC_SHA1, TSIG_HMAC_SHA256, TSIG_HMAC_SHA512}; /* to ldns 1.8 */
    for (unsigned i = 0; i < 3; i++) {
        struct tsig client;
        key->algorithm = known[i];
        struct message m = signed_query(&client, (uint64_t)time(NULL));
        ldns_pkt *packet = parsed(&m);
        assert_true(ldns_pkt_tsig_verify(packet, m.octets, m.len, "xfr.key.", secret_text, NULL));
        assert_false(ldns_pkt_tsig_verify(packet, m.octets, m.len, "xfr.key.", "AAAA", NULL));
        ldns_pkt_free(packet);
    }
    key->algorithm = TSIG_HMAC_SHA256;
}

static void a_request_that_ldns_signed_is_good_and_its_answer_sound_to_ldns(void **state)
{
    (void)state;
    struct message plain = query(), asked;
    ldns_pkt *request = parsed(&plain);
    uint8_t *octets;
    assert_int_equal(ldns_pkt_tsig_sign(request, "xfr.key.", secret_text, 300, "hmac-sha256.", NULL), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt2wire(&octets, request, &asked.len), LDNS_STATUS_OK);
    memcpy(asked.octets, octets, asked.len);
    free(octets);
    struct tsig tsig;
    assert_int_equal(tsig_take_request(&tsig, keys, 2, asked.octets, &asked.len, (uint64_t)time(NULL)), TSIG_GOOD);
    assert_ptr_equal(tsig.key, key);
    struct message answer = answer_to(&asked);
    sign(&tsig, &answer, (uint64_t)time(NULL));
    ldns_pkt *packet = parsed(&answer);
    ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(request), 3);
    assert_true(ldns_pkt_tsig_verify(packet, answer.octets, answer.len, "xfr.key.", secret_text, mac));
    ldns_pkt_free(packet);
    ldns_pkt_free(request);
}

/* --- the server */

static void a_signed_request_comes_out_as_it_was(void **state)
{
    (void)state;
    struct tsig client, server;
    struct message plain = query(), m = signed_query(&client, NOW_S);
    put_u16(m.octets, 0x9999); /* forwarders may change the id on the way, and wait for an answer with theirs */
    put_u16(plain.octets, 0x9999);
    assert_int_equal(take(&server, &m), TSIG_GOOD);
    assert_int_equal(m.len, plain.len);
    assert_memory_equal(m.octets, plain.octets, plain.len);
    assert_int_equal(server.error, 0);
}

static void a_request_without_a_record_is_left_alone(void **state)
{
    (void)state;
    struct tsig server;
    struct message m = query();
    const struct message before = m;
    assert_int_equal(take(&server, &m), TSIG_NONE);
    assert_int_equal(m.len, before.len);
    assert_memory_equal(m.octets, before.octets, m.len);
    assert_int_equal(tsig_room(&server), 0);
}

struct said {
    uint64_t signed_s, other_s;
    uint16_t fudge_s, mac_len, error, other_len;
};

static uint64_t read_time(struct reader *r)
{
    const uint64_t high = read_u16(r);
    return high << 32 | read_u32(r);
}

/* What the TSIG record of the server's answer says; it takes just the room that was promised. */
static struct said answered(struct tsig *server, const struct message *m)
{
    struct message answer = answer_to(m);
    const size_t room = answer.len + tsig_room(server);
    answer.len = tsig_sign(server, answer.octets, answer.len, room, NOW_S);
    assert_int_equal(answer.len, room);
    struct records records;
    struct rr rr = {0};
    assert_true(records_begin(&records, answer.octets, answer.len));
    while (records_next(&records, &rr))
        ;
    assert_false(records.bad);
    assert_int_equal(rr.type, TYPE_TSIG);
    struct reader r = rr_rdata(&records, &rr);
    uint8_t algorithm[NAME_OCTETS];
    name_read(&r, algorithm);
    struct said said = {.signed_s = read_time(&r), .fudge_s = read_u16(&r), .mac_len = read_u16(&r)};
    read_span(&r, said.mac_len);
    assert_int_equal(read_u16(&r), get_u16(answer.octets));
    said.error = read_u16(&r);
    said.other_len = read_u16(&r);
    assert_int_equal(reader_left(&r), said.other_len);
    said.other_s = said.other_len ? read_time(&r) : 0;
    return said;
}

static void an_unknown_key_or_algorithm_is_badkey_without_a_mac(void **state)
{
    (void)state;
    static struct tsig_key strange[] = {{.name = "no.key.", .algorithm = TSIG_HMAC_SHA256, .secret = {secret, 16}},
                                        {.name = "xfr.key.", .algorithm = TSIG_HMAC_SHA512, .secret = {secret, 32}}};
    for (unsigned i = 0; i < 2; i++) {
        struct tsig client, server;
        struct message m = query();
        tsig_begin(&client, &strange[i]);
        sign(&client, &m, NOW_S);
        assert_int_equal(take(&server, &m), TSIG_WRONG);
        const struct said said = answered(&server, &m);
        assert_int_equal(said.error, TSIG_BADKEY);
        assert_int_equal(said.mac_len, 0);
        assert_int_equal(said.signed_s, NOW_S);
    }
}

static void a_change_in_any_octet_is_badsig_without_a_mac(void **state)
{
    (void)state;
    struct tsig client, server;
    const struct message sound = signed_query(&client, NOW_S);
    const size_t plain_len = query().len;
    unsigned wrong = 0;
    for (size_t i = 2; i < plain_len; i++) { /* the id may change on the way */
        struct message m = sound;
        m.octets[i] ^= 1;
        const enum tsig_taken taken = take(&server, &m);
        assert_int_not_equal(taken, TSIG_GOOD);
        assert_int_not_equal(taken, TSIG_NONE);
        wrong += taken == TSIG_WRONG && server.error == TSIG_BADSIG;
    }
    assert_true(wrong > 10);
    struct message m = sound;
    m.octets[HEADER_LEN + 1] ^= 1;
    assert_int_equal(take(&server, &m), TSIG_WRONG);
    const struct said said = answered(&server, &m);
    assert_int_equal(said.error, TSIG_BADSIG);
    assert_int_equal(said.mac_len, 0);
}

static void a_wrong_clock_is_badtime_with_both_times_and_signed(void **state)
{
    (void)state;
    static const int off[] = {-TSIG_FUDGE_S - 1, -TSIG_FUDGE_S, TSIG_FUDGE_S, TSIG_FUDGE_S + 1};
    for (unsigned i = 0; i < 4; i++) {
        struct tsig client, server;
        struct message m = signed_query(&client, (uint64_t)(NOW_S + off[i]));
        const bool wrong = i == 0 || i == 3;
        assert_int_equal(take(&server, &m), wrong ? TSIG_WRONG : TSIG_GOOD);
        if (!wrong)
            continue;
        const struct said said = answered(&server, &m);
        assert_int_equal(said.error, TSIG_BADTIME);
        assert_int_equal(said.mac_len, 32);
        assert_int_equal(said.signed_s, NOW_S + off[i]);
        assert_int_equal(said.other_len, 6);
        assert_int_equal(said.other_s, NOW_S);
    }
}

/* With the MAC of the last record cut to so many octets; 6 octets stand behind it. */
static struct message truncated(const struct message *sound, unsigned octets)
{
    struct message m = *sound;
    const size_t mac_at = m.len - 6 - 32, rdlen_at = mac_at - 2 - 2 - 6 - 13 - 2;
    assert_int_equal(get_u16(m.octets + mac_at - 2), 32);
    put_u16(m.octets + mac_at - 2, (uint16_t)octets);
    put_u16(m.octets + rdlen_at, (uint16_t)(get_u16(m.octets + rdlen_at) - 32 + octets));
    memmove(m.octets + mac_at + octets, m.octets + mac_at + 32, 6);
    m.len -= 32 - octets;
    return m;
}

static void a_short_mac_is_badtrunc_and_one_of_less_than_half_malformed(void **state)
{
    (void)state;
    struct tsig client, server;
    const struct message sound = signed_query(&client, NOW_S);
    for (unsigned octets = 0; octets < 32; octets++) {
        struct message m = truncated(&sound, octets);
        assert_int_equal(take(&server, &m), octets < 16 ? TSIG_UNSOUND : TSIG_WRONG);
        if (octets < 16)
            continue;
        const struct said said = answered(&server, &m);
        assert_int_equal(said.error, TSIG_BADTRUNC);
        assert_int_equal(said.mac_len, 32);
    }
    struct message wrong = truncated(&sound, 20);
    wrong.octets[wrong.len - 7] ^= 1; /* in what is left of the MAC */
    assert_int_equal(take(&server, &wrong), TSIG_WRONG);
    assert_int_equal(server.error, TSIG_BADSIG);
}

static void a_record_that_is_cut_anywhere_is_malformed(void **state)
{
    (void)state;
    struct tsig client, server;
    const struct message sound = signed_query(&client, NOW_S);
    for (size_t len = query().len; len < sound.len; len++) {
        struct message m = sound;
        m.len = len;
        assert_int_equal(take(&server, &m), TSIG_UNSOUND);
    }
}

static void two_records_or_one_that_is_not_the_last_are_malformed(void **state)
{
    (void)state;
    static const uint8_t record[] = {0, 0, TYPE_TXT, 0, CLASS_IN, 0, 0, 0, 0, 0, 0};
    struct tsig client, server;
    struct message m = signed_query(&client, NOW_S);
    sign(&client, &m, NOW_S);
    assert_int_equal(take(&server, &m), TSIG_UNSOUND);
    m = signed_query(&client, NOW_S);
    memcpy(m.octets + m.len, record, sizeof record);
    m.len += sizeof record;
    m.octets[11]++;
    assert_int_equal(take(&server, &m), TSIG_UNSOUND);
}

static void a_record_in_another_section_or_class_or_with_a_ttl_is_malformed(void **state)
{
    (void)state;
    struct tsig client, server;
    const size_t at = query().len + sizeof "\3xfr\3key";
    struct message m = signed_query(&client, NOW_S);
    m.octets[11] = 0; /* both records in the authority section */
    m.octets[9] = 2;
    assert_int_equal(take(&server, &m), TSIG_UNSOUND);
    m = signed_query(&client, NOW_S);
    assert_int_equal(get_u16(m.octets + at), TYPE_TSIG);
    put_u16(m.octets + at + 2, CLASS_IN);
    assert_int_equal(take(&server, &m), TSIG_UNSOUND);
    m = signed_query(&client, NOW_S);
    m.octets[at + 7] = 1;
    assert_int_equal(take(&server, &m), TSIG_UNSOUND);
}

/* Takes a signed query with so many empty TXT records before its OPT record, in the section whose count stands there. */
static enum tsig_taken take_filled(size_t count_at, unsigned count)
{
    static const uint8_t record[] = {0, 0, TYPE_TXT, 0, CLASS_IN, 0, 0, 0, 0, 0, 0};
    struct tsig client, server;
    struct message m = query();
    const size_t opt_len = 11;
    const struct message plain = m;
    for (unsigned i = 0; i < count; i++)
        memcpy(m.octets + plain.len - opt_len + i * sizeof record, record, sizeof record);
    m.len += count * sizeof record;
    memcpy(m.octets + m.len - opt_len, plain.octets + plain.len - opt_len, opt_len);
    put_u16(m.octets + count_at, (uint16_t)(get_u16(m.octets + count_at) + count));
    tsig_begin(&client, key);
    sign(&client, &m, NOW_S);
    return take(&server, &m);
}

static void a_request_with_more_records_than_it_needs_is_malformed(void **state)
{
    (void)state;
    for (size_t count_at = 6; count_at <= 8; count_at += 2) {
        assert_int_equal(take_filled(count_at, 8), TSIG_GOOD);
        assert_int_equal(take_filled(count_at, 9), TSIG_UNSOUND);
    }
    assert_int_equal(take_filled(10, 14), TSIG_GOOD); /* with OPT and TSIG */
    assert_int_equal(take_filled(10, 15), TSIG_UNSOUND);
}

/* --- the client, and streams */

static void every_message_of_a_stream_is_bound_to_the_one_before(void **state)
{
    (void)state;
    struct tsig client, server, other;
    struct message m = signed_query(&client, NOW_S), sent[4];
    struct error err;
    assert_int_equal(take(&server, &m), TSIG_GOOD);
    for (unsigned i = 0; i < 4; i++) {
        sent[i] = answer_to(&m);
        sign(&server, &sent[i], NOW_S + i);
    }
    other = client;
    for (unsigned i = 0; i < 4; i++)
        assert_true(accepts(&client, sent[i], &err));
    assert_true(accepts(&other, sent[0], &err));
    assert_false(accepts(&other, sent[2], &err)); /* one is missing */
    assert_string_equal(err.text, "the answer's signature is wrong (key xfr.key.)");
    tsig_release(&client);
    tsig_release(&other);
}

/* Signs a message of a stream after `passed` unsigned ones like it, as RFC 8945 5.3.1 lets servers do. */
static void sign_after(struct tsig *server, unsigned passed, struct message *m)
{
    static const uint8_t times[] = {
        0, 0, NOW_S >> 24 & 255, NOW_S >> 16 & 255, NOW_S >> 8 & 255, NOW_S & 255, TSIG_FUDGE_S >> 8, TSIG_FUDGE_S & 255};
    struct digest *digest = digest_begin(key);
    const bool first = server->stage == TSIG_FIRST_ANSWER;
    digest_add_u16(digest, server->mac_len);
    digest_add(digest, server->mac, server->mac_len);
    for (unsigned i = 0; i <= passed; i++)
        digest_add(digest, m->octets, m->len);
    digest_add(digest, times, sizeof times);
    sign(server, m, NOW_S);
    if (first) {
        digest_drop(digest);
        return;
    }
    digest_end(digest, server->mac);
    memcpy(m->octets + m->len - 6 - 32, server->mac, 32);
}

/* Takes a stream in which every step-th message is signed, one of them changed on the way. Returns how many were taken. */
static unsigned take_sparse(unsigned count, unsigned step, unsigned changed, struct error *err)
{
    struct tsig client, server;
    struct message m = signed_query(&client, NOW_S);
    assert_int_equal(take(&server, &m), TSIG_GOOD);
    unsigned taken = 0;
    for (bool good = true; good && taken < count; taken += good) {
        struct message out = answer_to(&m);
        const bool is_signed = taken % step == 0;
        bool seen_signed = is_signed;
        if (is_signed)
            sign_after(&server, step - 1, &out);
        out.octets[3] ^= taken == changed;
        good = tsig_take_answer(&client, out.octets, &out.len, NOW_S, &seen_signed, err);
        assert_int_equal(seen_signed, is_signed);
    }
    tsig_release(&client);
    return taken;
}

static void unsigned_messages_are_covered_by_the_next_signature(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(take_sparse(250, 100, UINT32_MAX, &err), 250);
    assert_int_equal(take_sparse(250, 100, 37, &err), 100); /* noticed at the next signed one */
    assert_int_equal(take_sparse(250, 101, UINT32_MAX, &err), 100);
    assert_string_equal(err.text, "more than 99 messages without a signature");
}

static void the_first_answer_must_be_signed(void **state)
{
    (void)state;
    struct tsig client;
    struct message m = signed_query(&client, NOW_S), plain = query();
    struct error err;
    assert_true(m.len > plain.len);
    assert_false(accepts(&client, answer_to(&plain), &err));
    assert_string_equal(err.text, "the answer is not signed, as the key xfr.key. demands");
}

static void a_client_is_told_what_the_server_found_wrong(void **state)
{
    (void)state;
    struct tsig client, server;
    struct message m = signed_query(&client, NOW_S);
    struct error err;
    m.octets[HEADER_LEN + 1] ^= 1;
    assert_int_equal(take(&server, &m), TSIG_WRONG);
    struct message answer = answer_to(&m);
    sign(&server, &answer, NOW_S);
    assert_false(accepts(&client, answer, &err));
    assert_string_equal(err.text, "the answer says BADSIG: it has another secret for this key");
}

static void an_answer_of_another_time_or_key_is_refused(void **state)
{
    (void)state;
    struct tsig client, server;
    struct error err;
    struct message m = signed_query(&client, NOW_S);
    assert_int_equal(take(&server, &m), TSIG_GOOD);
    struct message answer = answer_to(&m);
    sign(&server, &answer, NOW_S + 1000);
    assert_false(accepts(&client, answer, &err));
    assert_string_equal(err.text, "the answer was signed at another time than now: clocks differ by more than 300 s");
    tsig_begin(&client, &keys[0]);
    answer = answer_to(&m);
    sign(&server, &answer, NOW_S);
    assert_false(accepts(&client, answer, &err));
    assert_string_equal(err.text, "the answer is signed with another key than other.key.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_ours_is_sound_to_ldns),
        cmocka_unit_test(a_request_that_ldns_signed_is_good_and_its_answer_sound_to_ldns),
        cmocka_unit_test(a_signed_request_comes_out_as_it_was),
        cmocka_unit_test(a_request_without_a_record_is_left_alone),
        cmocka_unit_test(an_unknown_key_or_algorithm_is_badkey_without_a_mac),
        cmocka_unit_test(a_change_in_any_octet_is_badsig_without_a_mac),
        cmocka_unit_test(a_wrong_clock_is_badtime_with_both_times_and_signed),
        cmocka_unit_test(a_short_mac_is_badtrunc_and_one_of_less_than_half_malformed),
        cmocka_unit_test(a_record_that_is_cut_anywhere_is_malformed),
        cmocka_unit_test(two_records_or_one_that_is_not_the_last_are_malformed),
        cmocka_unit_test(a_record_in_another_section_or_class_or_with_a_ttl_is_malformed),
        cmocka_unit_test(a_request_with_more_records_than_it_needs_is_malformed),
        cmocka_unit_test(every_message_of_a_stream_is_bound_to_the_one_before),
        cmocka_unit_test(unsigned_messages_are_covered_by_the_next_signature),
        cmocka_unit_test(the_first_answer_must_be_signed),
        cmocka_unit_test(a_client_is_told_what_the_server_found_wrong),
        cmocka_unit_test(an_answer_of_another_time_or_key_is_refused),
    };
    return cmocka_run_group_tests_name("tsig", tests, NULL, NULL);
}
