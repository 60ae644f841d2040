/* Where a published plan sends callers, for what is told of it. Thread: any, inside snapshot_enter() and snapshot_leave(), or the director's. */
#pragma once

#include "snapshot/snapshot.h"

/* Of the clients of a class (of the snapshot's place), which share goes to which site first: ret_shares, by site; what is left of 1 goes to none (the
 * record set as it is in the file, no records). False, and all 0: the service is in no zone yet, or disabled. */
bool snapshot_destinations(const struct snapshot *snapshot, uint32_t service, uint32_t class_number, float ret_shares[SITES_MAX]);
