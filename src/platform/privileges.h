/* Who this process is to the system. Thread: the main one, before any other is there: Linux keeps all this by thread. */
#pragma once

#include "base/error.h"

/* From root to this user and its groups, for good: what is left is to bind ports below 1024 and to send ICMP (CAP_NET_BIND_SERVICE, CAP_NET_RAW, as far
 * as there was that), and none of it passes to commands that are run. Does nothing for the user whom the process is already. False: there is no
 * such user, it is root itself, or the process may not become it. */
bool privileges_become(const char *user, struct error *err);
