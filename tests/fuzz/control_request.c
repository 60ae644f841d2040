/* Any octets as a request of the admin socket: read or refused with a reason, never both, never a crash. */
#include "base/invariant.h"
#include "control/protocol.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request;
    struct error err = {""};
    if (!request_parse((const char *)data, size, &request, &err)) {
        invariant(err.text[0] && !request.root);
        json_decref(reply_error("%s", err.text));
        return 0;
    }
    invariant(request.command < COMMAND_COUNT && request.reason);
    invariant(request.for_ms == 0 || request.for_ms >= 1000);
    request_release(&request);
    return 0;
}
