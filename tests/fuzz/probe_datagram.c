/* What DNS servers, hosts, commands and files may bring to a probe. The first octet says which reader gets the rest. */
#include "base/invariant.h"
#include "probe/detail.h"
#include "probe/dns_question.h"
#include "probe/icmp_echo.h"
#include "probe/report_text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_dns(const uint8_t *data, size_t size)
{
    struct dns_question question = {.id = 0x3131, .type = TYPE_A};
    struct dns_reply reply;
    question.name_len = name_from_text("a.", question.name);
    if (dns_reply_read(data, size, &question, &reply) != DNS_HEARD_NOTHING)
        invariant(size >= HEADER_LEN && data[0] == '1' && data[1] == '1' && reply.answers <= size);
}

static void read_icmp(const uint8_t *data, size_t size)
{
    struct reader r = reader_over(data, size);
    struct echo echo;
    if (echo_skip_ip(&r))
        echo_read(FAMILY_V4, reader_over(r.at, reader_left(&r)), &echo);
    if (echo_read(FAMILY_V6, reader_over(data, size), &echo))
        invariant(size == ECHO_OCTETS);
}

static void read_text(const uint8_t *data, size_t size)
{
    struct endpoint_report push;
    report_read((const char *)data, size, &push);
    invariant(memchr(push.detail, 0, sizeof push.detail));
    for (const char *at = push.detail; *at; at++)
        invariant((unsigned char)*at >= ' ' && *at != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0: read_dns(data + 1, size - 1); break;
    case 1: read_icmp(data + 1, size - 1); break;
    default: read_text(data + 1, size - 1);
    }
    return 0;
}
