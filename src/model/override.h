/* What an operator orders, always with who and when, usually with why and until when. Plain values; targets are names, so that
 * an order survives a reload that changes indices.
 * Thread: the owner's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order { ORDER_DRAIN, ORDER_DISABLE };
enum scope { SCOPE_SITE, SCOPE_ENDPOINT, SCOPE_SERVICE };

enum { TARGET_TEXT = 320, REASON_TEXT = 256, WHO_TEXT = 64 };

/* drain: no new callers, but better than nobody. disable: not even then; only if nothing else at all is left that is not disabled, and the service
 * says on_all_down = "serve-all".
 * Of a service: drain shortens its TTL to the least (so that a disable takes effect at once); disable answers NODATA. */
struct override {
    enum order order;
    enum scope scope;
    char target[TARGET_TEXT];  /* "london", "london/lb1.lon.sip.example.com." or "service:sip.example.com." */
    char reason[REASON_TEXT];  /* may be "" */
    char who[WHO_TEXT];        /* "root", "uid 1000" */
    int64_t since_s;           /* wall clock */
    int64_t until_s;           /* wall clock, 0 = until enabled */
    int64_t suspended_until_s; /* `enable --for`: not in force until then; 0 = in force */
};

/* In force at this moment. */
bool override_active(const struct override *override, int64_t wall_s);
/* Past its end: to be forgotten. */
bool override_ended(const struct override *override, int64_t wall_s);
const char *order_text(enum order order);
