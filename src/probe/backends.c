/* The ways of probing as one table. */
#include "base/invariant.h"
#include "probe/engine.h"

#define OVER(transport) (1u << (transport))

/* The first that fits. transports: what the probe's key transport may say. */
static const struct {
    enum probe_type type;
    unsigned transports;
    const struct probe_backend *backend;
} ways[] = {
    {PROBE_SIP, OVER(TRANSPORT_UDP), &sip_udp_backend}, {PROBE_SIP, EVERY_TRANSPORT & ~OVER(TRANSPORT_UDP), &sip_stream_backend},
    {PROBE_TCP, EVERY_TRANSPORT, &connect_backend},     {PROBE_TLS, EVERY_TRANSPORT, &connect_backend},
    {PROBE_HTTP, EVERY_TRANSPORT, &http_backend},       {PROBE_DNS, EVERY_TRANSPORT, &dns_backend},
    {PROBE_ICMP, EVERY_TRANSPORT, &icmp_backend},       {PROBE_EXEC, EVERY_TRANSPORT, &exec_backend},
};

const struct probe_backend *backend_of(const struct probe *probe)
{
    if (probe->type == PROBE_PUSH)
        return probe->push.file ? &push_file_backend : &push_backend;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].type == probe->type && ways[i].transports & OVER(probe->transport))
            return ways[i].backend;
    invariant(!"a probe that the configuration admits");
}
