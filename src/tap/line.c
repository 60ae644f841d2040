#include "tap/line.h"

#include "base/cursor.h"
#include "base/invariant.h"
#include "dns/message.h"
#include "model/plan.h"
#include "zone/zone.h"

#include <stdio.h>
#include <time.h>

enum { ESCAPED = 6 /* octets of \u00ff */ };

static void put_raw(struct writer *w, const char *text)
{
    write_bytes(w, text, strlen(text));
}

static void put_number(struct writer *w, const char *key, uint64_t value)
{
    char text[24];
    int at = sizeof text;
    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put_raw(w, key);
    write_bytes(w, text + at, sizeof text - (size_t)at);
}

/* What is not printable ASCII is written as \u00XX: names of the zone file's text form have only that, texts of the configuration are UTF-8 and stay. */
static void put_text(struct writer *w, const char *key, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    put_raw(w, key);
    write_u8(w, '"');
    for (const char *at = text; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f) {
            const char escaped[ESCAPED] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
            write_bytes(w, escaped, ESCAPED);
            continue;
        }
        if (c == '"' || c == '\\')
            write_u8(w, '\\');
        write_u8(w, c);
    }
    write_u8(w, '"');
}

static void put_time(struct writer *w, uint64_t wall_ns)
{
    static _Thread_local time_t shown = -1;
    static _Thread_local char text[24];
    const time_t second = (time_t)(wall_ns / 1000000000);
    if (second != shown) {
        struct tm parts;
        gmtime_r(&second, &parts);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        shown = second;
    }
    char micros[16];
    snprintf(micros, sizeof micros, ".%06uZ\"", (unsigned)(wall_ns % 1000000000 / 1000));
    put_raw(w, "{\"time\":\"");
    put_raw(w, text);
    put_raw(w, micros);
}

static const char *rcode_text(unsigned rcode, char out[12])
{
    static const char *const texts[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
    if (rcode < sizeof texts / sizeof *texts)
        return texts[rcode];
    if (rcode == RCODE_BADVERS || rcode == RCODE_BADCOOKIE)
        return rcode == RCODE_BADVERS ? "BADVERS" : "BADCOOKIE";
    snprintf(out, 12, "RCODE%u", rcode);
    return out;
}

static void put_question(struct writer *w, const struct query *query)
{
    char name[NAME_TEXT], type[16], network[PREFIX_TEXT];
    if (query->has_question) {
        put_text(w, ",\"qname\":", name_to_text(query->qname, name));
        put_text(w, ",\"qtype\":", zone_type_text(query->qtype, type));
        if (query->qclass != CLASS_IN)
            put_number(w, ",\"qclass\":", query->qclass);
    }
    if (query->opcode != OPCODE_QUERY)
        put_number(w, ",\"opcode\":", query->opcode);
    if (query->dnssec_ok)
        put_raw(w, ",\"do\":true");
    if (query->ecs.present) {
        const struct prefix prefix = {query->ecs.addr, query->ecs.source};
        put_text(w, ",\"ecs\":", query->ecs.source ? prefix_format(&prefix, network) : "0/0");
    }
}

static void put_outcome(struct writer *w, const struct tap_record *record, const struct query *query)
{
    char text[12];
    if (record->outcome == TAP_LIMITED) {
        put_raw(w, ",\"dropped\":\"over limit\"");
        return;
    }
    if (record->outcome == TAP_STREAMED) {
        put_raw(w, ",\"rcode\":\"NOERROR\",\"transfer\":true");
        return;
    }
    const unsigned rcode = record->badcookie ? RCODE_BADCOOKIE : (query->rcode & ~15u) | record->rcode;
    put_text(w, ",\"rcode\":", rcode_text(rcode, text));
    put_number(w, ",\"size\":", record->answer_len);
    if (record->truncated)
        put_raw(w, ",\"truncated\":true");
}

static void put_names(struct writer *w, const struct sample *sample, const struct line_reading *reading)
{
    const struct config *config = reading->meaning->config;
    const unsigned nearest = meaning_nearest(reading->meaning, sample->service, sample->class);
    put_text(w, ",\"service\":", config->services[sample->service].name);
    if (sample->winner != NO_WINNER) {
        const struct endpoint *winner = &config->endpoints[sample->winner];
        put_text(w, ",\"site\":", config->sites[winner->site].name);
        put_text(w, ",\"endpoint\":", winner->host);
    }
    put_text(w, ",\"nearest\":", config->sites[nearest].name);
    if (reading->states)
        put_text(w, ",\"nearest_is\":", site_state_text(reading->states[nearest]));
}

static void put_decision(struct writer *w, const struct sample *sample, const struct query *query, const struct line_reading *reading)
{
    static const char *const kinds[] = {[SELECTION_STEERED] = "steered", [SELECTION_STATIC] = "static", [SELECTION_EMPTY] = "empty"};
    if (query->ecs.present && query->ecs.source)
        put_number(w, ",\"scope\":", sample->scope);
    if (reading->meaning)
        put_names(w, sample, reading);
    put_number(w, ",\"class\":", sample->class);
    put_number(w, ",\"bucket\":", sample->bucket);
    if (sample->drawn)
        put_number(w, ",\"drawn\":", sample->got);
    if (sample->doubt)
        put_raw(w, ",\"doubt\":true");
    put_text(w, ",\"selection\":", kinds[sample->kind]);
}

size_t line_write(const struct tap_record *record, const struct line_reading *reading, char out[LINE_OCTETS])
{
    static const char *const channels[] = {[CHANNEL_UDP] = "udp", [CHANNEL_TCP] = "tcp", [CHANNEL_TLS] = "tls"};
    char address[ADDR_TEXT];
    struct writer w = writer_over(out, LINE_OCTETS);
    struct query query;
    put_time(&w, record->asked_ns + (uint64_t)reading->clock_ns);
    put_text(&w, ",\"client\":", addr_format(&record->client.addr, address));
    put_number(&w, ",\"port\":", record->client.port);
    if (record->server.addr.family != FAMILY_NONE)
        put_text(&w, ",\"server\":", addr_format(&record->server.addr, address));
    put_text(&w, ",\"transport\":", channels[record->channel]);
    if (query_parse((const uint8_t *)(record + 1), record->query_len, &query)) {
        put_question(&w, &query);
        put_outcome(&w, record, &query);
        if (record->steered)
            put_decision(&w, &record->sample, &query, reading);
    }
    put_number(&w, ",\"generation\":", record->generation);
    put_raw(&w, "}\n");
    invariant(!w.bad);
    return writer_len(&w);
}
