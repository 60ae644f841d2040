#include "control/reports.h"

#include "control/director.h"
#include "control/target.h"
#include "probe/detail.h"

#include <stdio.h>
#include <string.h>

/* As a verdict: up, draining or down. */
static bool read_verdict(const struct request *request, enum verdict *ret_verdict)
{
    return verdict_from_text(request->verdict, ret_verdict) && *ret_verdict != VERDICT_UNKNOWN;
}

static bool is_for(const struct checkup *at, const struct request *request)
{
    const struct probe *probe = &at->check.probe;
    return probe->type == PROBE_PUSH && !probe->push.file && (!request->probe || strcmp(request->probe, probe->name) == 0);
}

/* To every check of the endpoint that the report is for; how many there are. */
static size_t hand_over(struct director *director, const struct request *request, size_t endpoint, const struct endpoint_report *push)
{
    const struct beliefs *beliefs = &director->setup->beliefs;
    size_t count = 0;
    for (uint32_t i = beliefs->first[endpoint]; i < beliefs->first[endpoint + 1]; i++)
        if (is_for(&beliefs->checks[i], request)) {
            probe_engine_push(director->engine, &beliefs->checks[i].check, i, beliefs->generation, push);
            count++;
        }
    return count;
}

static bool find_endpoint(const struct director *director, const char *text, struct target *ret_target, struct error *err)
{
    if (!target_resolve(world_config(director->setup->world), text, ret_target, err))
        return false;
    return ret_target->scope == SCOPE_ENDPOINT || error_set(err, "%s is no endpoint: reports are of one", ret_target->text);
}

/* The push as the engine takes it. */
static struct endpoint_report push_of(const struct request *request, enum verdict verdict)
{
    struct endpoint_report push = {.verdict = verdict, .expires_ms = (uint32_t)request->for_ms};
    detail_take(push.detail, request->detail, strlen(request->detail));
    return push;
}

json_t *reports_command(struct director *director, const struct request *request)
{
    struct target target;
    struct error err;
    enum verdict verdict;
    if (!read_verdict(request, &verdict))
        return reply_error("\"verdict\" must be up, draining or down");
    if (request->for_ms > PUSH_EXPIRES_MAX_MS)
        return reply_error("\"for\" must be at most one day");
    if (!find_endpoint(director, request->target, &target, &err))
        return reply_error("%s", err.text);
    const struct endpoint_report push = push_of(request, verdict);
    if (hand_over(director, request, (size_t)target.index, &push) == 0)
        return reply_error("%s has no probe%s%s of type \"push\" without a file", target.text, request->probe ? " " : "",
                           request->probe ? request->probe : "");
    json_t *reply = reply_ok();
    json_object_set_new(reply, "target", json_string(target.text));
    json_object_set_new(reply, "verdict", json_string(verdict_text(verdict)));
    return reply;
}
