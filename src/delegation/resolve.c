#include "delegation/resolve.h"

#include "delegation/hear.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DNS_PORT = 53 };

static const char system_file[] = "/etc/resolv.conf";

bool resolver_read(const char *text, struct hostport *ret)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char word[ADDR_TEXT];
        int taken = 0;
        if (strncmp(line, "nameserver", 10) != 0 || sscanf(line + 10, "%*[ \t]%45[^ \t\r\n]%n", word, &taken) != 1)
            continue;
        *ret = (struct hostport){.port = DNS_PORT};
        if (addr_parse(word, &ret->addr))
            return true;
    }
    return false;
}

bool resolver_of(const struct survey_plan *plan, struct hostport *ret, struct error *err)
{
    char text[16384];
    if (plan->resolver.addr.family != FAMILY_NONE) {
        *ret = plan->resolver;
        return true;
    }
    FILE *file = fopen(system_file, "r");
    if (!file)
        return error_set(err, "%s: %s; name a resolver with --resolver", system_file, strerror(errno));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return resolver_read(text, ret) || error_set(err, "%s names no resolver; name one with --resolver", system_file);
}

static struct exchange to_resolver(const struct hostport *resolver, const uint8_t *name, uint16_t type)
{
    return (struct exchange){.server = *resolver,
                             .query = {.flags = FLAG_RD, .name = name, .type = type, .class = CLASS_IN, .udp_size = UDP_CAP}};
}

static bool resolver_says(const struct exchange *exchange, const char *asked, struct error *err)
{
    const struct heard heard = hear(exchange);
    char at[HOSTPORT_TEXT];
    hostport_format(&exchange->server, at);
    if (heard.outcome != OUTCOME_ANSWERED)
        return error_set(err, "the resolver %s gives no answer; name another with --resolver, or the parent's servers with --parent", at);
    if (heard.rcode != RCODE_NOERROR && heard.rcode != RCODE_NXDOMAIN)
        return error_set(err,
                         "the resolver %s cannot find the name servers of %.200s (code %u); name another with --resolver, or the parent's "
                         "servers with --parent",
                         at, asked, heard.rcode);
    return true;
}

bool resolve_parent(const struct hostport *resolver, const uint8_t *zone, uint64_t deadline_ms, uint8_t ret_parent[NAME_OCTETS],
                    struct ns_set *ret_servers, struct error *err)
{
    char text[NAME_TEXT];
    ret_servers->count = 0;
    for (const uint8_t *name = zone; *name && ret_servers->count == 0;) {
        name += *name + 1;
        struct exchange exchange = to_resolver(resolver, name, TYPE_NS);
        exchanges_run(&exchange, 1, deadline_ms);
        const bool said = resolver_says(&exchange, name_to_text(name, text), err);
        hear_servers(&exchange, name, name_len(name), ret_servers);
        memcpy(ret_parent, name, name_len(name));
        exchanges_release(&exchange, 1);
        if (!said)
            return false;
    }
    return ret_servers->count > 0 || error_set(err, "the resolver knows no zone above %.200s", name_to_text(zone, text));
}

bool resolve_addresses(const struct hostport *resolver, struct ns_set *servers, uint64_t deadline_ms)
{
    struct exchange exchanges[2 * NS_MAX];
    struct ns *whose[2 * NS_MAX];
    size_t count = 0;
    bool all = true;
    for (unsigned i = 0; i < servers->count; i++) {
        for (unsigned six = 0; six < 2 && servers->items[i].addr_count == 0; six++) {
            whose[count] = &servers->items[i];
            exchanges[count++] = to_resolver(resolver, servers->items[i].name, six ? TYPE_AAAA : TYPE_A);
        }
    }
    exchanges_run(exchanges, count, deadline_ms);
    for (size_t i = 0; i < count; i++) {
        const struct heard heard = hear(&exchanges[i]);
        all &= heard.outcome == OUTCOME_ANSWERED && (heard.rcode == RCODE_NOERROR || heard.rcode == RCODE_NXDOMAIN);
        hear_addresses(&exchanges[i], whose[i]);
    }
    exchanges_release(exchanges, count);
    return all;
}
