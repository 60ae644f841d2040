/* An answer's octets -> what people read, for explain. Thread: any. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* {"rcode","authoritative","truncated","answer":[...],"authority":[...],"additional":[...],"scope"} with records as master file text; scope only where the
 * answer has a client subnet option. NULL when the octets are not a sound message. */
json_t *decode_answer(const uint8_t *message, size_t len);
