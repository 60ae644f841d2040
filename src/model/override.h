/* What an operator orders, always with who and when, usually with why and until when. Plain values; targets are names, so that
 * an order survives a reload that changes indices. Its ends are kept by both clocks: in a running program the monotonic one counts,
 * so that setting the wall clock ends nothing; the wall clock's are for people and for what outlives the process.
 * Thread: the owner's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order { ORDER_DRAIN, ORDER_DISABLE, ORDER_FAIL, ORDER_SWITCH, ORDERS };
enum scope { SCOPE_SITE, SCOPE_ENDPOINT, SCOPE_SERVICE, SCOPE_CALLERS /* of a switch */ };

enum { TARGET_TEXT = 1024, TO_TEXT = 512, REASON_TEXT = 256, WHO_TEXT = 64 /* CLIENT_WHO */ };

/* drain: no new callers, but better than nobody. disable: not even then; only if nothing else at all is left that is not disabled, and the service
 * says on_all_down = "serve-all". fail: a drill, of a site alone; as if all of it were down.
 * switch: callers (selected by site, service and where they are; control/callers.h) go to other sites: policy/README.md and docs/orders.md.
 * Of a service: drain shortens its TTL to the least (so that a disable takes effect at once); disable answers NODATA. */
struct override {
    uint64_t id; /* counts up from 1, and is never given again; 0: not given yet */
    enum order order;
    enum scope scope;
    char target[TARGET_TEXT];  /* "london", "london/lb1.lon.sip.example.com.", "service:sip.example.com."; of a switch who it is about */
    char to[TO_TEXT];          /* of a switch: "next", or sites: "paris,amsterdam"; else "" */
    char reason[REASON_TEXT];  /* may be "" */
    char who[WHO_TEXT];        /* "root", "uid 1000" */
    int64_t since_s;           /* wall clock: given */
    int64_t from_s;            /* wall clock: begins; 0 = when it was given */
    int64_t until_s;           /* wall clock, 0 = until enabled */
    int64_t suspended_until_s; /* `enable --for`: not in force until then; 0 = in force */
    uint64_t from_ms, until_ms, suspended_until_ms; /* the same by the monotonic clock */
    bool planned;                                   /* it has not begun yet */
};

/* In force at this moment. */
bool override_active(const struct override *override, uint64_t now_ms);
/* It is time for a planned one to begin. */
bool override_due(const struct override *override, uint64_t now_ms);
/* Past its end: to be forgotten. */
bool override_ended(const struct override *override, uint64_t now_ms);
/* It ends after the other. */
bool override_outlasts(const struct override *override, const struct override *other);

/* The monotonic ends from those of the wall clock: when it is loaded. Never early. */
void override_from_wall(struct override *override, uint64_t now_ms, int64_t wall_s);
/* The wall clock's ends from the monotonic ones: when it is given, and when the wall clock was set. */
void override_to_wall(struct override *override, uint64_t now_ms, int64_t wall_ms);
const char *order_text(enum order order);
bool order_parse(const char *text, enum order *ret_order);
