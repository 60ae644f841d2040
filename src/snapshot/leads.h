/* Where the answers of a snapshot lead on the whole. Thread: as snapshot.h. */
#pragma once

#include "snapshot/snapshot.h"

/* Whether any steered answer names an endpoint of this site first. */
bool snapshot_leads_to(const struct snapshot *snapshot, unsigned site);

/* By service: the plan of a record set of it that names endpoints, NULL where there is none. There as long as the snapshot is. ret: service_count. */
void snapshot_plans_of_services(const struct snapshot *snapshot, const struct plan **ret);
