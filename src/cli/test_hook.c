#include "cli/test_hook.h"

#include "base/clock.h"
#include "cli/connection.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DONE = 0, WRONG = 1, UNREACHABLE = 3, ANSWER_S = 10, LOOK_MS = 100, WAIT_MS = 70000 /* longer than any timeout of a hook */ };

/* NULL: no daemon answers, which is told. Takes the request. */
static json_t *ask(const char *socket, json_t *request)
{
    struct error err;
    json_t *reply = connection_ask(socket, request, ANSWER_S, false, &err);
    json_decref(request);
    if (!reply)
        fprintf(stderr, "sipsteer: %s\n", err.text);
    return reply;
}

/* A reference to the hook's state, or NULL. */
static json_t *look(const char *socket, const char *name)
{
    json_t *reply = ask(socket, json_pack("{s:s}", "command", "alerts")), *hook, *found = NULL;
    size_t i;
    json_array_foreach(json_object_get(reply, "hooks"), i, hook) if (strcmp(text_of(hook, "name"), name) == 0) found = json_incref(hook);
    json_decref(reply);
    return found;
}

static long long tries(const json_t *hook)
{
    return number_of(hook, "sent") + number_of(hook, "retried") + number_of(hook, "failed");
}

static int tell(const json_t *hook, const char *name, bool json)
{
    const bool failing = json_is_true(json_object_get(hook, "failing"));
    if (json) {
        json_dumpf(hook, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    } else if (failing) {
        fprintf(stderr, "sipsteer: hook %s cannot be told: %s\n", name, text_of(hook, "error"));
    } else {
        printf("hook %s has been told\n", name);
    }
    return failing ? WRONG : DONE;
}

/* Messages are told in their order: with those before it, so many tries must end. */
static int wait_for(const char *socket, const char *name, long long wanted, bool json)
{
    for (const uint64_t end_ms = clock_ms() + WAIT_MS; clock_ms() < end_ms;) {
        json_t *hook = look(socket, name);
        if (!hook)
            return UNREACHABLE;
        if (tries(hook) >= wanted) {
            const int code = tell(hook, name, json);
            json_decref(hook);
            return code;
        }
        json_decref(hook);
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
    }
    fprintf(stderr, "sipsteer: hook %s has not been told yet; see sipsteer alerts\n", name);
    return WRONG;
}

int test_hook_run(const char *socket, const char *name, bool json)
{
    json_t *before = look(socket, name);
    const long long wanted = tries(before) + number_of(before, "waiting") + 1;
    json_decref(before);
    json_t *reply = ask(socket, json_pack("{s:s, s:s}", "command", "test-hook", "name", name));
    if (!reply)
        return UNREACHABLE;
    const bool ok = json_is_true(json_object_get(reply, "ok"));
    if (!ok)
        fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
    json_decref(reply);
    return ok ? wait_for(socket, name, wanted, json) : WRONG;
}
