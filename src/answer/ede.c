#include "answer/ede.h"

/* The codes are those of IANA's registry. Those for resolvers that reached nobody (22, 23) are not for us: a service without a healthy endpoint is
 * code 0, which asks for a text. */
#define REASON(octets)                                                                                                                     \
    {                                                                                                                                      \
        (const uint8_t *)(octets), sizeof(octets) - 1                                                                                      \
    }

const struct ede_octets ede_table[] = {
    [EDE_NONE] = {0},
    [EDE_NO_ZONE] = REASON("\0\24no zone here holds this name"),
    [EDE_CLASS] = REASON("\0\25class IN only"),
    [EDE_TRANSFER] = REASON("\0\22no transfer for you"),
    [EDE_OPCODE] = REASON("\0\25unknown opcode"),
    [EDE_QTYPE] = REASON("\0\36no type to ask for"),
    [EDE_SERVICE_DISABLED] = REASON("\0\0service disabled by its operator"),
    [EDE_ALL_DOWN_EMPTY] = REASON("\0\0service has no endpoint that is up"),
    [EDE_ALL_DOWN_STATIC] = REASON("\0\0service has no endpoint that is up: all are listed"),
};
