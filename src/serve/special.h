/* What is signed (TSIG), a NOTIFY or asks for a transfer, answered with the help of transfer/: the one place where answer/ and transfer/ meet.
 * For serve/ and who makes a server. Thread: any worker's. */
#pragma once

#include "serve/serve.h"

/* A special_fn; context is a struct ledger. */
size_t special_answer(void *context, struct special *special);
