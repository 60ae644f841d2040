/* What hooks are sent: JSON, and for commands its main parts as variables of the environment. */
#include "control/watch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/wall_time.h"
#include "notify/notify.h"

#include <stdlib.h>
#include <unistd.h>

enum { TARGETS_TOLD = 100, HOST_TEXT = 256 };

static json_t *time_json(int64_t wall_ms)
{
    char text[WALL_TIME_TEXT];
    return json_string(wall_time_format(wall_ms, text));
}

static json_t *begin(enum alert_kind kind, const char *state, enum alert_severity severity, const char *server)
{
    char host[HOST_TEXT] = "";
    gethostname(host, sizeof host - 1);
    json_t *body = json_pack("{s:i, s:s, s:s, s:s, s:o}", "version", 1, "event", alert_kind_text(kind), "state", state, "severity",
                             alert_severity_text(severity), "time", time_json(clock_wall_ms()));
    json_object_set_new(body, "host", json_string(host));
    json_object_set_new(body, "server", json_string(server));
    return body;
}

static void set_text(json_t *body, const char *key, const char *text)
{
    json_t *value = json_string(text);
    json_object_set_new(body, key, value ? value : json_string("(not UTF-8)"));
}

static char *key_of(enum alert_kind kind, const char *target)
{
    return mem_format("%s%s%s", alert_kind_text(kind), *target ? ":" : "", target);
}

/* Takes the body. */
static struct message *finish(json_t *body)
{
    static const struct {
        const char *variable, *key;
    } variables[] = {{"SIPSTEER_EVENT", "event"}, {"SIPSTEER_STATE", "state"},   {"SIPSTEER_SEVERITY", "severity"},
                     {"SIPSTEER_KEY", "key"},     {"SIPSTEER_TARGET", "target"}, {"SIPSTEER_TEXT", "text"},
                     {"SIPSTEER_TIME", "time"},   {"SIPSTEER_HOST", "host"}};
    struct message *message = mem_new(1, sizeof *message);
    message->body = json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = json_string_value(json_object_get(body, variables[i].key));
        message->variables[i] = mem_format("%s=%s", variables[i].variable, value ? value : "");
    }
    json_decref(body);
    return message;
}

struct message *message_of_alert(const struct alert *alert, const char *state, const char *server)
{
    json_t *body = begin(alert->kind, state, alert->severity, server);
    char *key = key_of(alert->kind, alert->target);
    set_text(body, "key", key);
    set_text(body, "target", alert->target);
    set_text(body, "text", alert->text);
    json_object_set_new(body, "since", time_json(alert->since_wall_ms));
    json_object_set_new(body, "times", json_integer((json_int_t)alert->flaps));
    free(key);
    return finish(body);
}

/* All of one kind and state. */
struct message *message_of_many(const struct alert *const *alerts, size_t count, const char *server)
{
    enum alert_severity worst = ALERT_INFO;
    json_t *targets = json_array();
    for (size_t i = 0; i < count; i++) {
        worst = alerts[i]->severity > worst ? alerts[i]->severity : worst;
        if (i < TARGETS_TOLD)
            json_array_append_new(targets, json_string(alerts[i]->target));
    }
    json_t *body = begin(alerts[0]->kind, alerts[0]->raised ? "raised" : "resolved", worst, server);
    char *key = key_of(alerts[0]->kind, "*"), *text = mem_format("%zu at once; the first: %s", count, alerts[0]->text);
    set_text(body, "key", key);
    set_text(body, "target", "*");
    set_text(body, "text", text);
    json_object_set_new(body, "since", time_json(alerts[0]->since_wall_ms));
    json_object_set_new(body, "count", json_integer((json_int_t)count));
    json_object_set_new(body, "targets", targets);
    free(key);
    free(text);
    return finish(body);
}

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

struct message *message_of_event(enum alert_kind kind, const json_t *event, const char *server)
{
    const char *target = text_of(event, "target"), *who = text_of(event, "who"), *why = text_of(event, "why");
    json_t *body = begin(kind, kind == ALERT_TEST ? "test" : "happened", ALERT_INFO, server);
    char *key = key_of(kind, target), *text = mem_format("%s%s%s%s%s%s%s", text_of(event, "what"), *target ? " " : "", target,
                                                         *who ? " by " : "", who, *why ? ": " : "", why);
    set_text(body, "key", key);
    set_text(body, "target", target);
    set_text(body, "text", text);
    json_object_set(body, "detail", (json_t *)event);
    free(key);
    free(text);
    return finish(body);
}
