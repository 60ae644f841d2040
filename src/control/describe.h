/* What is believed and ordered, as JSON (README.md tells the fields). Pure over a view. Thread: the owner's of the view. */
#pragma once

#include "control/setup.h"

#include <jansson.h>

/* "since_s" (wall) and "age_ms" of a monotonic moment, put into object. */
void describe_since(const struct view *view, json_t *object, uint64_t since_ms);

json_t *describe_override(const struct view *view, const struct override *order);
json_t *describe_overrides(const struct view *view);

/* {"total","up","draining","down","unknown"} of the endpoints from first on. */
json_t *describe_counts(const struct view *view, size_t first, size_t count);

/* The order that holds a site or endpoint back now (an endpoint: its own or its site's, whichever is harder), or JSON null. */
json_t *describe_site_order(const struct view *view, size_t site);
json_t *describe_endpoint_order(const struct view *view, size_t endpoint);

json_t *describe_sites(const struct view *view);
/* Verdict, reason, since, order; with its checks or without. */
json_t *describe_endpoint(const struct view *view, size_t endpoint, bool checks);
/* Those that sites depend on, and what their failure takes. */
json_t *describe_named_checks(const struct view *view);
/* Of one site, or of all: ALL_SITES. */
enum { ALL_SITES = -1 };
json_t *describe_endpoints(const struct view *view, int site);

/* describe_load.c. How full everything is, as setup_look() has left it (README.md, `load`). */
json_t *describe_load(const struct view *view, int site); /* or ALL_SITES; clusters only with that */
json_t *describe_site_load(const struct view *view, size_t site);
/* For status: how many sources there are, how many tell nothing that counts. */
json_t *describe_sources(const struct view *view, const struct collector *collector);
/* Takes what somebody tells of a load; the reply. */
struct request;
json_t *push_load(struct meters *meters, const struct request *request, uint64_t now_ms);
