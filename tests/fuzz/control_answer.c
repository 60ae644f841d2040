/* Any octets as an answer to be shown: decoded to JSON that can be written, or refused. */
#include "base/invariant.h"
#include "control/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *answer = decode_answer(data, size);
    if (!answer)
        return 0;
    char *text = json_dumps(answer, JSON_COMPACT);
    invariant(text);
    free(text);
    json_decref(answer);
    return 0;
}
