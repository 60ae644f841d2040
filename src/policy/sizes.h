/* How much endpoints count where shares of capacity are asked for. Inside this folder only. Thread: any (pure). */
#pragma once

#include "model/config.h"

/* What is counted: of these the first that each endpoint in question has. */
enum basis { BASIS_CALLS, BASIS_CPS, BASIS_WEIGHT };

/* For the endpoints from first on. */
enum basis basis_of(const struct config *config, size_t first, size_t count);
/* At least 1: an endpoint of weight 0 takes calls, too, when the others of its tier are down. */
uint64_t endpoint_size(const struct endpoint *endpoint, enum basis basis);
