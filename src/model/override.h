/* What an operator orders, always with who and when, usually with why and until when. Plain values; targets are names, so that
 * an order survives a reload that changes indices. Its ends are kept by both clocks: in a running program the monotonic one counts,
 * so that setting the wall clock ends nothing; the wall clock's are for people and for what outlives the process.
 * Thread: the owner's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order { ORDER_DRAIN, ORDER_DISABLE, ORDER_FAIL, ORDERS };
enum scope { SCOPE_SITE, SCOPE_ENDPOINT, SCOPE_SERVICE };

enum { TARGET_TEXT = 320, REASON_TEXT = 256, WHO_TEXT = 64 /* CLIENT_WHO */ };

/* drain: no new callers, but better than nobody. disable: not even then; only if nothing else at all is left that is not disabled, and the service
 * says on_all_down = "serve-all". fail: a drill, of a site alone; as if all of it were down.
 * Of a service: drain shortens its TTL to the least (so that a disable takes effect at once); disable answers NODATA. */
struct override {
    enum order order;
    enum scope scope;
    char target[TARGET_TEXT];              /* "london", "london/lb1.lon.sip.example.com." or "service:sip.example.com." */
    char reason[REASON_TEXT];              /* may be "" */
    char who[WHO_TEXT];                    /* "root", "uid 1000" */
    int64_t since_s;                       /* wall clock */
    int64_t until_s;                       /* wall clock, 0 = until enabled */
    int64_t suspended_until_s;             /* `enable --for`: not in force until then; 0 = in force */
    uint64_t until_ms, suspended_until_ms; /* the same by the monotonic clock */
};

/* In force at this moment. */
bool override_active(const struct override *override, uint64_t now_ms);
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
