/* Any octets as a query: the parser says drop, or a query whose parts lie inside the packet. */
#include "base/invariant.h"
#include "dns/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query query;
    char text[NAME_TEXT];
    uint8_t name[NAME_OCTETS], opt[MESSAGE_MAX];
    if (!query_parse(data, size, &query))
        return 0;
    if (query.has_question) {
        invariant(query.question >= data && query.question + query.question_len <= data + size);
        invariant(name_len(query.qname) == query.qname_len);
        invariant(name_from_text(name_to_text(query.qname, text), name) == query.qname_len &&
                  memcmp(name, query.qname, query.qname_len) == 0);
    }
    uint8_t ecs[ECS_OCTETS];
    struct opt options = {.present = query.edns};
    struct writer w = writer_over(opt, sizeof opt);
    if (query.ecs.present)
        opt_add(&options, OPTION_ECS, ecs, ecs_write(&query.ecs, 24, ecs));
    opt_write(&w, &options, query.rcode, UDP_CAP, query.dnssec_ok);
    invariant(!w.bad && writer_len(&w) == opt_len(&options));
    return 0;
}
