/* Everything -> plan, with reasons: pure, no clock, no I/O; the same input gives the same plan on every server.
 * The order of the rules is DESIGN's ("Policy, in order"). Thread: the director's; the results are immutable. */
#pragma once

#include "model/classes.h"
#include "model/plan.h"
#include "model/standing.h"

/* What stays the same between reloads: the rendezvous draws (endpoint order of each bucket inside each site and tier). */
struct policy;

/* config and classes must outlive it. */
struct policy *policy_new(const struct config *config, const struct classes *classes);
void policy_free(struct policy *policy);

/* How each endpoint stands for a spec (config->endpoint_count entries each; ret_causes may be NULL). */
void policy_standings(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec, uint8_t *ret_standings,
                      uint8_t *ret_causes);

/* The plan for a spec, with one reference, never NULL. Callers with many specs share plans: see policy_spec_hash. */
struct plan *policy_plan(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec);

/* A fingerprint of all that policy_plan() makes a plan from: how the spec chooses and whom it can choose from, not its lens, offer or
 * service as such. Where it is equal, in this state or another of the same policy, so is the plan (but for 64-bit chance): the key to
 * share plans by. Takes a few nanoseconds an endpoint. */
uint64_t policy_spec_hash(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec);

/* Bucket of a client: its address cut to the service's sticky length, hashed. */
unsigned policy_bucket(const struct addr *client, unsigned sticky_len);

/* Everything at once means us: true if every endpoint with a probe is down and at least two of them (of two sites, where two sites have
 * probed ones) fell within window_ms of the latest fall; *ret_since_ms is then the moment from which falls are not believed: the earliest
 * of those. Endpoints that died before stay down. health: by endpoint. */
bool policy_suspect(const struct config *config, const struct endpoint_health *health, uint64_t window_ms, uint64_t *ret_since_ms);

/* Safety: which endpoints' falls are not believed because more has fallen than config->judgement.safety lets probes take out. The first to fall are
 * believed as long as they fit; those under an order count neither as out nor as left. ret_kept: by endpoint; returns how many. state->kept is
 * not read; state->suspect is: whose fall is not believed anyway takes nothing out. */
size_t policy_safety(const struct config *config, const struct world_state *state, uint8_t *ret_kept);

/* One endpoint's place in one decision, for explain. */
struct explained {
    uint16_t endpoint;
    uint8_t standing; /* enum standing */
    uint8_t cause;    /* enum cause */
    int rank;         /* 0 = winner ... place in the answer (PLAN_TRANSPORTS: the winner alone); -1 = not in it */
    int site_rank;    /* place of its site among the service's in the order of this class and bucket, 0 first; -1 = not in the service */
};

/* Explains one decision, by the same functions that make the plan. ret: config->endpoint_count entries, in the order of choice (sites by
 * rank, then tier, then draw; those of sites outside the service last). Returns the selection's kind. */
enum selection_kind policy_explain(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                                   uint32_t class_number, unsigned bucket, struct explained *ret);

/* Why a bucket's first site is not the nearest. */
enum room_cause { ROOM_NEAREST /* it is */, ROOM_FULL, ROOM_RETURNING /* the nearest one takes but a share of its callers yet */ };

/* Rule 4 in one decision. Sites by index; both SITES_MAX when nothing is steered. */
struct explained_room {
    unsigned nearest, first; /* in the order of the class, of those that can be chosen; and who is first by room */
    enum room_cause cause;
    uint64_t nearest_m, first_m; /* how far they are, as biases and the class's order make it seem, without prices */
};
/* Rule 1's planned switches in one decision: where the first site would be without any, where it is, and which switch has brought that about. */
struct explained_switch {
    uint64_t id;       /* of the order; 0: none has changed who is first */
    unsigned from, to; /* sites by index; SITES_MAX where nothing is steered, or no switch concerns these clients */
};
struct explained_switch policy_explain_switch(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                                              uint32_t class_number, unsigned bucket);

struct explained_room policy_explain_room(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                                          uint32_t class_number, unsigned bucket);
