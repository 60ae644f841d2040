/* The nouns of the configuration as plain data: what a start or a reload has read and found sound.
 * Made whole by config_load(), never changed afterwards, shared by reference count. Indices, not pointers, link the parts.
 * All texts and arrays belong to the struct config that holds them. Names of hosts and zones are lower case with a final dot.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"
#include "model/alert_config.h"
#include "model/audit_config.h"
#include "model/defence_config.h"
#include "model/dnssec_config.h"
#include "model/drill_config.h"
#include "model/geo_config.h"
#include "model/http_config.h"
#include "model/judge_config.h"
#include "model/load_config.h"
#include "model/metrics_config.h"
#include "model/probe_config.h"
#include "model/tap_config.h"
#include "model/transfer_config.h"
#include "model/transport_config.h"
#include "model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SITES_MAX = 250,       /* a class stores its site order as one octet a site */
    ENDPOINTS_MAX = 60000, /* over all sites; indices are 16 bits */
    SERVICES_MAX = 20000,
    PROBES_PER_ENDPOINT_MAX = 8,
    TARGETS_MAX = 16, /* records of one steered answer */
};

struct server_config {
    struct hostport *listen;
    size_t listen_count;
    unsigned workers; /* UDP workers, at least 1 (the file's 0 has been resolved to the number of cores) */
    char *control;    /* path of the admin socket */
    char *state;      /* folder of saved verdicts and overrides */
    char *id;         /* NSID and id.server; "" for none */
    char *version;    /* version.server and version.bind; "" for none */
    struct tcp_config tcp;
    struct tls_config tls;
    struct cookies_config cookies;
    struct rate_limit_config rate_limit;
};

struct zone_config {
    char *name; /* "sip.example.com." */
    char *file; /* of a zone that comes from a primary: where it is kept, in the state folder */
    struct primary_config primary;
    struct transfer_config transfer;
    struct dnssec_config dnssec;
};

struct endpoint {
    char *host; /* "lb1.lon.sip.example.com." */
    uint8_t site;
    unsigned tier;                            /* 1 first */
    unsigned weight;                          /* 0 to 65535; 0 = only when nothing else of its tier is left */
    struct addr address;                      /* probe here instead of at the host's addresses; FAMILY_NONE if not set */
    uint16_t probes[PROBES_PER_ENDPOINT_MAX]; /* indices of struct probe */
    size_t probe_count;
    unsigned need; /* so many of the probes that speak for a transport must be content; 0: all */
    struct limits limits;
    struct loads loads;
    uint32_t ramp_ms; /* a recovered one takes its share of callers within this; 0: at once */
};

struct site {
    char *name, *region; /* region may be "" */
    double latitude, longitude;
    int bias;                                /* percent, -99 to 99: how much nearer (positive) or farther the site seems */
    unsigned min_up;                         /* with fewer endpoints up, the site is left out */
    uint16_t first_endpoint, endpoint_count; /* its endpoints stand together */
    struct limits limits;                    /* 0: the sum of its endpoints' */
    struct loads loads;
    struct site_room room;
    struct needs needs;
    uint32_t ramp_ms; /* as of an endpoint */
};

enum policy_kind { POLICY_NEAREST, POLICY_ORDERED, POLICY_WEIGHTED };
enum srv_mode { SRV_RANKED, SRV_WEIGHTED };
enum all_down { ALL_DOWN_SERVE_ALL, ALL_DOWN_STATIC, ALL_DOWN_EMPTY };

struct service {
    char *name;  /* "sip.example.com." */
    char *label; /* may be "" */
    enum policy_kind policy;
    uint8_t *sites; /* in the order of the file */
    size_t site_count;
    enum srv_mode srv;
    unsigned targets; /* 1 to TARGETS_MAX */
    uint32_t ttl_s;
    uint8_t sticky_v4, sticky_v6; /* prefix lengths that the choice is a function of */
    bool spread_query;            /* spread = "query": a new draw for each query instead */
    enum all_down on_all_down;
    const uint64_t *depends; /* of config.judgement.sets: what takes this service, or its label, from a site; NULL: nothing */
};

struct config {
    _Atomic unsigned more_refs; /* beside the one of its maker */
    char *path;                 /* the file it came from */
    struct server_config server;
    struct geo_config geo;
    struct http_config http;
    struct tsig_key *keys;
    size_t key_count;
    struct zone_config *zones;
    size_t zone_count;
    struct probe *probes;
    size_t probe_count;
    struct site *sites;
    size_t site_count;
    struct endpoint *endpoints;
    size_t endpoint_count;
    struct service *services;
    size_t service_count;
    struct load_source *load_sources;
    size_t load_source_count;
    struct cluster *clusters;
    size_t cluster_count;
    struct balance_config balance;
    struct drills_config drills;
    struct metrics_config metrics;
    struct judgement judgement;
    struct audit_config audit;
    struct dnstap_config dnstap;
    struct query_log_config query_log;
    struct alert_config alerts;
    struct hook_config *hooks;
    size_t hook_count;
};

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* the last one frees; NULL is allowed */
/* Index of the site, cluster, endpoint (of any site, by host) or service with this name (case and final dot ignored for hosts and
 * services), or -1. */
int config_site(const struct config *config, const char *name);
int config_endpoint(const struct config *config, const char *host);
int config_service(const struct config *config, const char *name);
int config_cluster(const struct config *config, const char *name);
/* "nearest", "serve-all" ... for tables and messages. */
const char *policy_text(enum policy_kind policy);
const char *srv_mode_text(enum srv_mode mode);
const char *all_down_text(enum all_down choice);
