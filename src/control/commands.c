/* The admin socket's requests, each to what does it. */
#include "control/director.h"

#include "control/describe.h"
#include "control/explain.h"
#include "control/protocol.h"

static json_t *with(const char *key, json_t *value)
{
    json_t *reply = reply_ok();
    json_object_set_new(reply, key, value);
    return reply;
}

static json_t *explain_command(const struct view *view, const struct request *request)
{
    struct error err;
    json_t *explained = explain(view, request->name, request->type, request->client, &err);
    return explained ? with("explain", explained) : reply_error("%s", err.text);
}

/* Replies when the order is on disk, too: what was confirmed survives a crash. */
static void order(struct director *director, struct client *client, const struct request *request)
{
    char who[WHO_TEXT];
    json_t *reply = orders_command(director, request, client_who(client, who, sizeof who));
    if (json_is_true(json_object_get(reply, "ok")))
        persist_overrides(director, client, reply);
    else
        admin_reply(client, reply);
}

static json_t *describe(const struct director *director, const struct request *request)
{
    const struct view view = director_view(director);
    switch (request->command) {
    case COMMAND_STATUS: return with("status", status_json(director));
    case COMMAND_SITES: return with("sites", describe_sites(&view));
    case COMMAND_ENDPOINTS: return with("endpoints", describe_endpoints(&view));
    case COMMAND_OVERRIDES: return with("overrides", describe_overrides(&view));
    default: return explain_command(&view, request);
    }
}

void commands_take(struct client *client, const char *line, size_t len, void *context)
{
    struct director *director = context;
    struct request request;
    struct error err;
    if (!request_parse(line, len, &request, &err)) {
        admin_reply(client, reply_error("%s", err.text));
        return;
    }
    switch (request.command) {
    case COMMAND_DRAIN:
    case COMMAND_DISABLE:
    case COMMAND_ENABLE: order(director, client, &request); break;
    case COMMAND_RELOAD: reload_begin(director, client); break;
    case COMMAND_STOP:
        admin_reply(client, reply_ok());
        director_stop(director);
        break;
    default: admin_reply(client, describe(director, &request));
    }
    request_release(&request);
}
