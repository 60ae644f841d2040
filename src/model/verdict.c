#include "model/verdict.h"

#include <stddef.h>
#include <string.h>

static const char *const verdicts[] = {"unknown", "up", "draining", "down"};
static const char *const reasons[] = {"not yet probed",  "answered", "busy (503)", "bad status",  "bad answer",    "timeout",  "refused",
                                      "unreachable",     "closed",   "TLS failed", "certificate", "cannot send",   "no probe", "saved",
                                      "probing stopped", "reported", "expired",    "no match",    "probing behind"};
static const char *const transports[] = {"udp", "tcp", "tls", "ws", "wss"};

_Static_assert(sizeof reasons / sizeof *reasons == REASON_COUNT, "a text for each reason");
_Static_assert(sizeof transports / sizeof *transports == TRANSPORT_COUNT, "a text for each transport");

const char *verdict_text(enum verdict verdict)
{
    return verdicts[verdict];
}

const char *reason_text(enum reason reason)
{
    return reasons[reason];
}

const char *transport_text(enum transport transport)
{
    return transports[transport];
}

bool verdict_from_text(const char *text, enum verdict *ret_verdict)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        if (strcmp(verdicts[i], text) == 0) {
            *ret_verdict = (enum verdict)i;
            return true;
        }
    return false;
}
