/* The tables of the grammar, each in the file of its subject. Thread: any (constants). */
#pragma once

#include "config/schema.h"

enum { SOCKET_PATH_MAX = 107 }; /* Linux: sun_path has 108 octets with the NUL */

/* The whole grammar: the root first, then each group as it is met. */
extern const struct table *const schema_tables[];
extern const size_t schema_table_count;

extern const struct table root_table, server_table, tcp_table, tls_table, cookies_table, rate_limit_table, geo_table, prefer_table,
    key_table, zone_table, dnssec_table, transfer_table, primary_table, probe_table, site_table, endpoint_table, service_table,
    balance_table, load_table, cluster_table, check_table, depend_table, safety_table, audit_table, http_table, dnstap_table,
    query_log_table, alert_table, hook_table, drills_table, drill_goals_table, metrics_table;

/* What spans sites and services: who loses what when a check fails. root: for messages. */
void link_depends(struct loader *loader, const config_setting_t *root);

extern const struct key load_item; /* one of a list of sources of load */

/* libconfig's word on the text; an error is told. */
bool settings_parse(config_t *parsed, const struct source *source, struct report *report);
