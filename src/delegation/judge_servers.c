/* What the zone's name servers answer, each by itself and held against each other and the zone file. */
#include "delegation/faults.h"

#include <stdio.h>
#include <string.h>

static const char *outcome_text(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_CLOSED: return "nothing listens there";
    case OUTCOME_UNREACHABLE: return "the network has no way to it";
    case OUTCOME_NONSENSE: return "what came back did not fit the question";
    case OUTCOME_NOT_ASKED: return "the time was up";
    default: return "no answer in time";
    }
}

static bool answered(const struct heard *heard)
{
    return heard->outcome == OUTCOME_ANSWERED;
}

static const char *rcode_text(unsigned rcode, char out[16])
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    if (rcode < sizeof names / sizeof *names)
        return names[rcode];
    snprintf(out, 16, "code %u", rcode);
    return out;
}

/* Whether it is reached at all; how is told. */
static bool judge_reach(const struct server_view *server, struct faults *faults)
{
    const bool udp = answered(&server->soa) || answered(&server->soa_plain), tcp = answered(&server->soa_tcp);
    if (!udp && !tcp)
        fault_add(faults, "no-answer", true, &server->station,
                  "no answer over UDP (%s) nor TCP (%s): the machine is off, a firewall is in the way, or no name server runs there",
                  outcome_text(server->soa_plain.outcome), outcome_text(server->soa_tcp.outcome));
    else if (!udp)
        fault_add(faults, "no-udp", true, &server->station,
                  "it answers over TCP but not over UDP (%s): let UDP to its port 53 through, that is where nearly all queries come",
                  outcome_text(server->soa_plain.outcome));
    else if (!tcp)
        fault_add(faults, "no-tcp", true, &server->station,
                  "it answers over UDP but not over TCP (%s): let TCP to its port 53 through, long answers need it",
                  outcome_text(server->soa_tcp.outcome));
    if (answered(&server->soa_plain) && server->soa_plain.rcode == RCODE_NOERROR && !(answered(&server->soa) && server->soa.edns))
        fault_add(faults, "no-edns", true, &server->station,
                  "it answers plain queries only, not those with EDNS, which all resolvers send: an old server, or a firewall that looks "
                  "into DNS");
    const unsigned strange = server->soa.passed_over + server->soa_plain.passed_over + server->soa_tcp.passed_over +
                             server->ns.passed_over + server->keys.passed_over;
    if (strange > 0)
        fault_add(
            faults, "strange-replies", true, &server->station,
            "replies came that do not fit the question (another id or name, or damaged) and were ignored: somebody forges, or a device "
            "on the way changes DNS packets");
    return udp || tcp;
}

/* The best of its answers about the SOA. */
static const struct heard *soa_answer(const struct server_view *server)
{
    return answered(&server->soa) && server->soa.rcode == RCODE_NOERROR ? &server->soa
           : answered(&server->soa_plain)                               ? &server->soa_plain
                                                                        : &server->soa_tcp;
}

/* Whether it serves the zone. */
static bool judge_authority(const struct survey *survey, const struct server_view *server, struct faults *faults)
{
    const struct heard *soa = soa_answer(server);
    char zone[NAME_TEXT], code[16];
    name_to_text(survey->zone, zone);
    if (soa->rcode != RCODE_NOERROR)
        fault_add(faults, "lame", true, &server->station,
                  "it answers questions about %s with %s: a name server that does not serve the zone (not configured there, or not loaded)",
                  zone, rcode_text(soa->rcode, code));
    else if (!server->has_soa || !soa->authoritative)
        fault_add(faults, "lame", true, &server->station,
                  "it answers, but not as a server of %s (%s): it is another zone's server, or a resolver", zone,
                  server->has_soa ? "without the AA flag" : "without the SOA record");
    return soa->rcode == RCODE_NOERROR && server->has_soa && soa->authoritative;
}

static void judge_ns_answer(struct survey *survey, struct server_view *server, struct faults *faults)
{
    char name[NAME_TEXT], code[16];
    if (!answered(&server->ns) || server->soa.rcode != RCODE_NOERROR) /* told already */
        return;
    if (server->ns.rcode != RCODE_NOERROR) {
        fault_add(faults, "ns-differ", true, &server->station, "it answers the question for the zone's name servers with %s",
                  rcode_text(server->ns.rcode, code));
        return;
    }
    for (unsigned i = 0; i < survey->wanted.ns.count; i++) {
        const struct ns *wanted = &survey->wanted.ns.items[i];
        if (!ns_find(&server->says, wanted->name, wanted->name_len))
            fault_add(faults, "ns-differ", true, &server->station, "it does not name %s among the zone's name servers, the zone file does",
                      name_to_text(wanted->name, name));
    }
    for (unsigned i = 0; i < server->says.count; i++) {
        const struct ns *said = &server->says.items[i];
        if (!ns_find(&survey->wanted.ns, said->name, said->name_len))
            fault_add(faults, "ns-differ", true, &server->station, "it names %s among the zone's name servers, the zone file does not",
                      name_to_text(said->name, name));
    }
}

static const char *type_text(uint16_t type)
{
    return type == TYPE_SOA ? "SOA" : "DNSKEY";
}

bool signature_past(const struct rrsig_seen *seen, int64_t now_s)
{
    return (int32_t)(seen->expiration - (uint32_t)now_s) < 0;
}

bool signature_future(const struct rrsig_seen *seen, int64_t now_s)
{
    return (int32_t)(seen->inception - (uint32_t)now_s) > 0;
}

static void judge_signatures(const struct server_view *server, int64_t now_s, struct faults *faults)
{
    static const uint16_t covered[] = {TYPE_SOA, TYPE_DNSKEY};
    for (unsigned i = 0; i < 2 && server->dnskey_count > 0; i++) {
        unsigned valid = 0, expired = 0, early = 0;
        for (unsigned k = 0; k < server->rrsig_count; k++) {
            const struct rrsig_seen *seen = &server->rrsigs[k];
            if (seen->covered != covered[i])
                continue;
            const bool past = signature_past(seen, now_s), future = signature_future(seen, now_s);
            valid += !past && !future;
            expired += past;
            early += future;
        }
        if (valid > 0)
            continue;
        fault_add(faults,
                  expired ? "signature-expired"
                  : early ? "signature-early"
                          : "signature-missing",
                  true, &server->station,
                  expired ? "the signature of its %s record has expired: resolvers that validate turn callers away"
                  : early ? "the signature of its %s record is not valid yet: is a clock wrong?"
                          : "it shows keys but no signature of its %s record: resolvers that validate turn callers away",
                  type_text(covered[i]));
    }
}

/* All answers that are there say the same. */
static void judge_serials(const struct survey *survey, const bool *serves, struct faults *faults)
{
    const struct server_view *first = NULL;
    bool differ = false, is_signed = false;
    for (unsigned i = 0; i < survey->server_count; i++) {
        if (!serves[i])
            continue;
        first = first ? first : &survey->servers[i];
        differ |= survey->servers[i].serial != first->serial;
        is_signed |= survey->servers[i].dnskey_count > 0;
    }
    if (!first)
        return;
    for (unsigned i = 0; differ && i < survey->server_count; i++)
        if (serves[i])
            fault_add(faults, "serials-differ", true, &survey->servers[i].station,
                      "the servers have different versions of the zone: serial number %u", survey->servers[i].serial);
    if (!differ && !is_signed && first->serial != survey->file_serial)
        fault_add(faults, "serial-of-file", false, NULL,
                  "all servers have serial number %u, the zone file has %u: it has not been loaded (sipsteer reload), or the serial was "
                  "not raised",
                  first->serial, survey->file_serial);
}

static void judge_signed_alike(const struct survey *survey, const bool *serves, struct faults *faults)
{
    bool some = false;
    for (unsigned i = 0; i < survey->server_count; i++)
        some |= serves[i] && survey->servers[i].dnskey_count > 0;
    for (unsigned i = 0; some && i < survey->server_count; i++)
        if (serves[i] && answered(&survey->servers[i].keys) && survey->servers[i].dnskey_count == 0)
            fault_add(faults, "unsigned-here", true, &survey->servers[i].station,
                      "it serves the zone without keys, other servers have them");
}

static void judge_addresses(const struct survey *survey, struct faults *faults)
{
    char name[NAME_TEXT];
    for (unsigned i = 0; i < survey->named.count; i++) {
        const struct ns *ns = &survey->named.items[i];
        bool asked = ns->addr_count > 0;
        name_to_text(ns->name, name);
        for (unsigned k = 0; k < survey->server_count; k++)
            asked |= memcmp(survey->servers[k].station.name, ns->name, ns->name_len) == 0;
        if (ns->alias)
            fault_add(faults, "ns-alias", true, NULL, "%s is an alias (CNAME): the name of a name server must not be one (RFC 2181 10.3)",
                      name);
        if (!asked)
            fault_add(faults, "no-address", true, NULL, "%s has no address%s", name,
                      survey->resolver_failed && !ns->inside ? " that could be found: the resolver does not answer" : "");
    }
}

/* What the servers have in common that one failure would take away: the machine, or the network. */
static void judge_spread(const struct survey *survey, struct faults *faults)
{
    bool one_address = true, one_network = true;
    for (unsigned i = 1; i < survey->server_count; i++) {
        struct addr a = survey->servers[0].station.at.addr, b = survey->servers[i].station.at.addr;
        one_address &= addr_equal(&a, &b);
        addr_mask(&a, a.family == FAMILY_V4 ? 24 : 48);
        addr_mask(&b, b.family == FAMILY_V4 ? 24 : 48);
        one_network &= addr_equal(&a, &b);
    }
    if (survey->wanted.ns.count == 1)
        fault_add(faults, "one-server", false, NULL,
                  "the zone has only one name server: when it is down, nobody can call. Two are the least");
    else if (one_address && survey->server_count > 0)
        fault_add(faults, "one-address", false, NULL, "all name servers are at one address: when it is down, nobody can call");
    else if (one_network && survey->server_count > 0)
        fault_add(faults, "one-network", false, NULL,
                  "all name servers are in one network (/24 or /48): when its router fails, nobody can call. Put one elsewhere");
}

void judge_servers(struct survey *survey, int64_t now_s, struct faults *faults)
{
    bool serves[SERVERS_MAX] = {false};
    judge_addresses(survey, faults);
    for (unsigned i = 0; i < survey->server_count; i++) {
        struct server_view *server = &survey->servers[i];
        serves[i] = judge_reach(server, faults) && judge_authority(survey, server, faults);
        if (!serves[i])
            continue;
        judge_ns_answer(survey, server, faults);
        judge_signatures(server, now_s, faults);
    }
    judge_serials(survey, serves, faults);
    judge_signed_alike(survey, serves, faults);
    judge_spread(survey, faults);
}
