/* Replies of the daemon, printed for people. Thread: main. */
#pragma once

#include <jansson.h>

void show_status(const json_t *reply);
void show_sites(const json_t *reply);
void show_zones(const json_t *reply); /* show_zones.c */
void show_endpoints(const json_t *reply);
void show_demand(const json_t *reply); /* show_demand.c */
void show_alerts(const json_t *reply); /* show_alerts.c */
void show_checks(const json_t *reply); /* show_checks.c */
void show_overrides(const json_t *reply);
void show_load(const json_t *reply); /* show_load.c */
void show_push(const json_t *reply);
void show_explain(const json_t *reply); /* show_explain.c */
void show_plan(const json_t *reply);    /* show_plan.c */
void show_what_if(const json_t *reply); /* show_what_if.c */
void show_each(const json_t *reply);
void show_metrics(const json_t *reply);
void show_order(const json_t *reply);
void show_report(const json_t *reply);
void show_findings(const json_t *reply);

/* Of the cells. Members that are missing read as "" and 0. */
const char *text_of(const json_t *object, const char *key);
long long number_of(const json_t *object, const char *key);
/* "30%" of a ratio, "12" of a number; "" for null. To be freed. */
char *percent_text(const json_t *ratio);
char *amount_text(const json_t *amount);
/* "drained by root: reason", "" for no order. To be freed. */
char *order_text_of(const json_t *order);
/* Why an endpoint's verdict is what it is, with its hold; to be freed. */
char *reason_text_of(const json_t *endpoint);
struct table;
/* A cell: the verdict, doubt, and ", back at 30 %" of its share while the object comes back. */
void add_back(struct table *table, const char *verdict, const json_t *object, const char *doubt);
/* "3m12s" of milliseconds, to be freed. */
char *age_text(long long ms);
