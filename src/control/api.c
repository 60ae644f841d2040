#include "control/api.h"

#include "base/memory.h"
#include "control/protocol.h"
#include "control/web.h"

#include <stdlib.h>
#include <string.h>

enum { BAD_REQUEST = 400, CONFLICT = 409, UNAVAILABLE = 503 };

static void answer_json(struct exchange *exchange, int code, json_t *reply)
{
    char *text = json_dumps(reply, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(reply);
    exchange_answer(exchange, &(struct http_reply){.code = code, .type = "application/json", .text = text, .len = text ? strlen(text) : 0});
}

/* A query's keys are those of the command. */
static json_t *of_query(const struct exchange *exchange)
{
    const struct params *params = exchange_params(exchange);
    json_t *object = json_object();
    for (size_t i = 0; i < params->count; i++)
        if (json_object_set_new(object, params->items[i].key, json_string(params->items[i].value)) < 0) {
            json_decref(object); /* not UTF-8 */
            return NULL;
        }
    return object;
}

/* None is like {}. */
static json_t *of_body(const struct exchange *exchange)
{
    size_t len;
    const char *body = exchange_body(exchange, &len);
    json_t *object = len ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : json_object();
    if (json_is_object(object) && exchange_params(exchange)->count == 0)
        return object;
    json_decref(object);
    return NULL;
}

/* What only those may say who may open the admin socket: paths of files. */
static bool is_ours(const json_t *object)
{
    return !json_object_get(object, "command") && !json_object_get(object, "version") && !json_object_get(object, "config");
}

/* Held against the same rules as on the admin socket; what is wrong costs the director nothing. */
static char *line_of(json_t *object, enum command command, struct error *err)
{
    struct request request;
    json_object_set_new(object, "command", json_string(command_text(command)));
    char *line = json_dumps(object, JSON_COMPACT);
    if (line && request_parse(line, strlen(line), &request, err)) {
        request_release(&request);
        return line;
    }
    free(line);
    return NULL;
}

static void take_command(struct exchange *exchange, const struct http_route *route, void *context)
{
    const bool post = route->method == METHOD_POST;
    json_t *object = post ? of_body(exchange) : of_query(exchange);
    struct error err = {"the keys command, version and config are not taken over HTTP"};
    if (!object) {
        exchange_refuse(exchange, BAD_REQUEST,
                        post ? "the body must be a JSON object, and there must be no query" : "the query is not UTF-8");
        return;
    }
    char *line = is_ours(object) ? line_of(object, (enum command)route->tag, &err) : NULL;
    json_decref(object);
    if (line)
        web_ask(context, exchange, line, route->needs == ROLE_OPERATE ? CONFLICT : BAD_REQUEST);
    else
        answer_json(exchange, BAD_REQUEST, reply_error("%s", err.text));
}

static void take_text(struct exchange *exchange, const struct http_route *route, void *context)
{
    web_ask_text(context, exchange, (enum web_text)route->tag);
}

static void take_login(struct exchange *exchange, const struct http_route *route, void *context)
{
    (void)route;
    json_t *body = of_body(exchange);
    const bool empty = body && json_object_size(body) == 0;
    json_decref(body);
    if (!empty) {
        exchange_refuse(exchange, BAD_REQUEST, "the body must be {}, and there must be no query");
        return;
    }
    const struct http_login login = {.who = exchange_who(exchange), .from = exchange_from(exchange), .role = exchange_role(exchange)};
    web_login(&login, context);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "name", json_string(login.who));
    json_object_set_new(reply, "role", json_string(role_text(login.role)));
    answer_json(exchange, 200, reply);
}

/* healthz: the process lives and the director's loop turns. readyz: it answers, by what its probes tell it. */
static void take_health(struct exchange *exchange, const struct http_route *route, void *context)
{
    bool alive;
    json_t *wrong = web_wrong(context, &alive);
    const bool good = route->tag ? json_array_size(wrong) == 0 : alive;
    json_t *reply = json_pack("{s:i, s:b}", "version", PROTOCOL_VERSION, "ok", good);
    if (!good)
        json_object_set_new(reply, "error", json_string(json_string_value(json_array_get(wrong, 0))));
    if (route->tag)
        json_object_set(reply, "wrong", wrong);
    json_decref(wrong);
    answer_json(exchange, good ? 200 : UNAVAILABLE, reply);
}

#define API "/api/v1/"
#define VIEW(name, command)                                                                                                                \
    {                                                                                                                                      \
        .path = API name, .needs = ROLE_VIEW, .shared = true, .take = take_command, .tag = (command)                                       \
    }
#define ASK(name, command)                                                                                                                 \
    {                                                                                                                                      \
        .path = API name, .needs = ROLE_VIEW, .take = take_command, .tag = (command)                                                       \
    }
#define ORDER(name, command)                                                                                                               \
    {                                                                                                                                      \
        .path = API name, .method = METHOD_POST, .needs = ROLE_OPERATE, .take = take_command, .tag = (command)                             \
    }

const struct http_route api_routes[] = {
    {.path = "/healthz", .take = take_health, .tag = 0},
    {.path = "/readyz", .take = take_health, .tag = 1},
    {.path = API "login", .method = METHOD_POST, .needs = ROLE_VIEW, .take = take_login},
    VIEW("status", COMMAND_STATUS),
    VIEW("sites", COMMAND_SITES),
    VIEW("zones", COMMAND_ZONES),
    VIEW("endpoints", COMMAND_ENDPOINTS),
    VIEW("checks", COMMAND_CHECKS),
    VIEW("overrides", COMMAND_OVERRIDES),
    VIEW("load", COMMAND_LOAD),
    VIEW("overview", COMMAND_OVERVIEW),
    VIEW("demand", COMMAND_DEMAND),
    VIEW("alerts", COMMAND_ALERTS),
    ASK("explain", COMMAND_EXPLAIN),
    ASK("history", COMMAND_HISTORY),
    ASK("plan", COMMAND_PLAN),
    {.path = API "what-if", .method = METHOD_POST, .needs = ROLE_VIEW, .take = take_command, .tag = COMMAND_WHAT_IF},
    ORDER("drain", COMMAND_DRAIN),
    ORDER("disable", COMMAND_DISABLE),
    ORDER("enable", COMMAND_ENABLE),
    ORDER("switch", COMMAND_SWITCH),
    ORDER("revert", COMMAND_REVERT),
    VIEW("drills", COMMAND_DRILLS),
    ORDER("drill", COMMAND_DRILL),
    ORDER("drill-stop", COMMAND_DRILL_STOP),
    ORDER("push", COMMAND_PUSH),
    ORDER("push-load", COMMAND_PUSH_LOAD),
    ORDER("reload", COMMAND_RELOAD),
    {.path = "/status.json", .shared = true, .when_public = true, .take = take_command, .tag = COMMAND_PUBLIC_STATUS},
    {.path = "/metrics", .needs = ROLE_VIEW, .shared = true, .take = take_text, .tag = WEB_TEXT_METRICS},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
