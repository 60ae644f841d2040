/* Observations -> verdicts: pure, time is an argument (monotonic milliseconds).
 * One struct health for each check (one probe at one address of one endpoint), owned by the probe engine's thread. */
#pragma once

#include "model/standing.h"

enum { DETAIL_TEXT = 96 };

/* How one probe ended. */
enum outcome { OUTCOME_ALIVE, OUTCOME_BUSY, OUTCOME_FAILED };

struct observation {
    enum outcome outcome;
    enum reason reason;
    uint32_t retry_after_s;    /* with OUTCOME_BUSY; 0 if not said */
    uint32_t rtt_us;           /* 0 if there was no answer */
    uint16_t status;           /* SIP status code of the answer, for people to read; 0 if there was none */
    int64_t certificate_end_s; /* of the peer's certificate, in seconds of the wall clock; 0: none was seen */
    char detail[DETAIL_TEXT];  /* more about the reason, for people to read; often "" */
};

enum { RETRY_AFTER_MIN_S = 1, RETRY_AFTER_MAX_S = 300, RETRY_AFTER_DEFAULT_S = 30 };

/* What is held against a check that falls again soon after it rose. It delays rises, never causes a fall. */
struct damping {
    unsigned falls;         /* that counted: within hold_down_max of a rise; each such time of quiet forgives one */
    uint64_t rose_ms;       /* when it last left down or draining for something better; 0: not since it last fell */
    uint64_t held_until_ms; /* no rise before; 0: none was ever forbidden */
};

struct health {
    enum verdict verdict;
    enum reason reason;     /* of the observation that made the verdict, or of the saved one */
    uint64_t since_ms;      /* when the verdict became what it is */
    unsigned fails, passes; /* failed and alive observations in a row */
    unsigned blind;         /* probes in a row that ended with REASON_LOCAL: they observed nothing */
    bool doubt;             /* the last observation speaks against the verdict */
    uint64_t busy_until_ms; /* no rise to up before, whatever is observed, unless the host dies */
    struct damping damping;
    bool held; /* down, has answered as often as a rise takes, and waits for damping.held_until_ms */
};

struct health_step {
    bool changed;     /* the verdict or doubt changed */
    uint32_t next_ms; /* from now (the probe's end) until the next probe should start: the interval, or the confirming delay */
};

/* Unknown; or, with a saved verdict, that (reason REASON_SAVED, in doubt until the first observation). */
void health_init(struct health *health, enum verdict saved, uint64_t now_ms);

/* How many falls still count against it: after each hold_down_max of quiet (no change, and no hold) one less. */
unsigned health_falls(const struct health *health, const struct probe *probe, uint64_t now_ms);

/* The only way a verdict changes by probing; the moves are a table in health.c. fall failures in a row make it down, rise passes in a row
 * make it up; the first answer (alive or busy) of an unknown or saved one decides at once, a first failure does not. A busy answer (503)
 * makes it draining at once and holds it for Retry-After (clamped). The first failure of one that is not down asks for a confirming probe
 * after the shorter of probe->confirm_ms and half the interval (then again until fall is reached). A probe that could not be sent
 * (REASON_LOCAL) is no failure: it leaves the verdict in doubt, and fall of them in a row make an up or draining one unknown; a down one
 * stays down.
 * Damping: the n-th fall that counts (see struct damping) forbids every rise for probe->hold_down_ms * 2^(n-1), at most hold_down_max_ms. */
struct health_step health_observe(struct health *health, const struct probe *probe, const struct observation *seen, uint64_t now_ms);

/* Probing has stopped, or is too far behind (why): unknown. True if that changed the verdict or its doubt. */
bool health_stop(struct health *health, enum reason why, uint64_t now_ms);

/* One check as its endpoint sees it, in one of the ways that it speaks for. */
struct health_part {
    enum family family;
    enum transport transport;
    const struct health *health;
    unsigned probe; /* below PROBES_PER_ENDPOINT_MAX: checks of one probe (at several addresses) are one voice */
};

enum { NEED_ALL = 0 };

/* An endpoint's health from its checks. A probe's voice in a facet (family, transport) is the worst of its checks there. Of the voices, best first
 * (up, unknown, draining, down), the need-th decides the facet; the last where fewer speak, or need is NEED_ALL. Overall is the best of the facets. */
struct endpoint_health health_compose(const struct health_part *parts, size_t count, unsigned need);
