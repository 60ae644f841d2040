#include "control/web.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/api.h"
#include "control/certificate.h"
#include "control/commands.h"
#include "control/director.h"
#include "control/folder.h"
#include "control/metrics.h"
#include "control/picture.h"
#include "control/protocol.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STUCK_MS = 5000 };

/* A request on its way through the director. */
struct ask {
    struct client client; /* the first: see client.h */
    struct ask *next;
    struct web *web;
    struct exchange *exchange;
    char *line; /* NULL: a text */
    enum web_text text;
    int refusal; /* the code of a reply that is not ok */
    json_t *reply;
    struct picture *picture; /* the reply is made of it in HTTP's thread */
    struct numbers *numbers; /* of /metrics */
};

/* A failed or successful login on its way into the journal. */
struct login {
    struct login *next;
    char who[TOKEN_NAME_MAX + 1], from[HOSTPORT_TEXT];
    enum role role;
    unsigned failures; /* 0: it was right */
};
enum { LOGINS_WAITING_MAX = 256 };

struct web_reading {
    struct access *access; /* NULL: it cannot be used */
    uint64_t print;
    struct error err;
};

struct web {
    struct director *director;
    struct config *config; /* that it was started with */
    struct http *http;     /* NULL: there is none */
    struct event *event;   /* a request has come */
    int event_fd;
    pthread_mutex_t lock; /* of what HTTP's thread hands over */
    struct ask *asks, **asks_end;
    struct login *logins, **logins_end;
    size_t login_count;
    uint64_t print; /* of the files that were tried last */
    uint64_t loaded_ms;
    bool loading;
    int64_t certificate_end_s;
    uint32_t turn_max_us; /* the longest that a request has kept the director */
    char alarm[600];
    _Atomic uint64_t turned_ms; /* when the director's loop was seen to turn last */
    atomic_bool serving, published, engine_stopped;
};

/* --- HTTP's thread */

static void push(struct web *web, struct ask *ask)
{
    pthread_mutex_lock(&web->lock);
    *web->asks_end = ask;
    web->asks_end = &ask->next;
    pthread_mutex_unlock(&web->lock);
    eventfd_write(web->event_fd, 1);
}

static void reply_to(struct client *client, json_t *reply);
static void tell_who(const struct client *client, char out[CLIENT_WHO]);
static void tell_from(const struct client *client, char out[CLIENT_FROM]);
static const struct client_kind over_http = {.reply = reply_to, .who = tell_who, .from = tell_from};

void web_ask(struct web *web, struct exchange *exchange, char *line, int refusal)
{
    struct ask *ask = mem_new(1, sizeof *ask);
    *ask = (struct ask){.client = {.kind = &over_http}, .web = web, .exchange = exchange, .line = line, .refusal = refusal};
    push(web, ask);
}

void web_ask_text(struct web *web, struct exchange *exchange, enum web_text text)
{
    struct ask *ask = mem_new(1, sizeof *ask);
    *ask = (struct ask){.client = {.kind = &over_http}, .web = web, .exchange = exchange, .text = text};
    push(web, ask);
}

static void ask_free(struct ask *ask)
{
    json_decref(ask->reply);
    picture_free(ask->picture);
    free(ask->line);
    numbers_free(ask->numbers);
    free(ask);
}

/* An exchange_write_fn. */
static void write_reply(void *what, struct http_reply *ret_reply)
{
    struct ask *ask = what;
    ret_reply->text = json_dumps(ask->reply, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (ret_reply->text) {
        ret_reply->code = json_is_true(json_object_get(ask->reply, "ok")) ? 200 : ask->refusal;
        ret_reply->len = strlen(ret_reply->text);
    }
    ask_free(ask);
}

/* What tells of thousands of endpoints would keep the director for a tenth of a second. */
static void write_picture(void *what, struct http_reply *ret_reply)
{
    struct ask *ask = what;
    struct request request;
    struct error err;
    if (request_parse(ask->line, strlen(ask->line), &request, &err)) {
        ask->reply = commands_describe(picture_view(ask->picture), &request);
        request_release(&request);
    }
    write_reply(ask, ret_reply);
}

static void write_metrics(void *what, struct http_reply *ret_reply)
{
    struct ask *ask = what;
    *ret_reply = (struct http_reply){.code = 200, .type = "text/plain; version=0.0.4; charset=utf-8"};
    ret_reply->text = numbers_text(ask->numbers, &ret_reply->len);
    ask_free(ask);
}

void web_login(const struct http_login *seen, void *context)
{
    struct web *web = context;
    struct login *login = mem_new(1, sizeof *login);
    *login = (struct login){.role = seen->role, .failures = seen->failures};
    snprintf(login->who, sizeof login->who, "%s", seen->who ? seen->who : "");
    snprintf(login->from, sizeof login->from, "%s", seen->from);
    pthread_mutex_lock(&web->lock);
    const bool taken = web->login_count < LOGINS_WAITING_MAX;
    if (taken) {
        *web->logins_end = login;
        web->logins_end = &login->next;
        web->login_count++;
    }
    pthread_mutex_unlock(&web->lock);
    if (taken)
        eventfd_write(web->event_fd, 1);
    else
        free(login);
}

json_t *web_wrong(struct web *web, bool *ret_alive)
{
    const uint64_t now_ms = clock_ms(), turned_ms = atomic_load(&web->turned_ms);
    json_t *wrong = json_array();
    *ret_alive = now_ms < turned_ms + STUCK_MS;
    if (!*ret_alive)
        json_array_append_new(wrong, json_sprintf("the director has not moved for %u s", (unsigned)((now_ms - turned_ms) / 1000)));
    if (!atomic_load(&web->serving))
        json_array_append_new(wrong, json_string("probing before the first answers"));
    if (!atomic_load(&web->published))
        json_array_append_new(wrong, json_string("no answers are published"));
    if (atomic_load(&web->engine_stopped))
        json_array_append_new(wrong, json_string("the probe engine has stopped"));
    return wrong;
}

/* --- the director's thread */

static void reply_to(struct client *client, json_t *reply)
{
    struct ask *ask = (struct ask *)client;
    ask->reply = reply;
    exchange_finish(ask->exchange, write_reply, ask);
}

static void tell_who(const struct client *client, char out[CLIENT_WHO])
{
    snprintf(out, CLIENT_WHO, "%s", exchange_who(((const struct ask *)client)->exchange));
}

static void tell_from(const struct client *client, char out[CLIENT_FROM])
{
    snprintf(out, CLIENT_FROM, "http %s", exchange_from(((const struct ask *)client)->exchange));
}

static struct ask *pop(struct web *web, bool *ret_more)
{
    pthread_mutex_lock(&web->lock);
    struct ask *ask = web->asks;
    if (ask)
        web->asks = ask->next;
    if (!web->asks)
        web->asks_end = &web->asks;
    *ret_more = web->asks != NULL;
    pthread_mutex_unlock(&web->lock);
    return ask;
}

static struct login *pop_logins(struct web *web)
{
    pthread_mutex_lock(&web->lock);
    struct login *logins = web->logins;
    web->logins = NULL;
    web->logins_end = &web->logins;
    web->login_count = 0;
    pthread_mutex_unlock(&web->lock);
    return logins;
}

static void note_login(struct journal *journal, const struct login *login)
{
    char from[CLIENT_FROM], why[64];
    snprintf(from, sizeof from, "http %s", login->from);
    snprintf(why, sizeof why, "%u wrong tokens since the last time", login->failures);
    const bool failed = login->failures > 0;
    journal_note(journal, &(struct event){.kind = EVENT_LOGIN,
                                          .who = failed ? NULL : login->who,
                                          .from = from,
                                          .what = failed ? "login failed" : "login",
                                          .why = failed ? why : role_text(login->role)});
    if (failed)
        log_warning("HTTP: wrong token from %s (%u times)", login->from, login->failures);
}

static void note_logins(struct web *web)
{
    struct login *login = pop_logins(web);
    for (struct login *next; login; login = next) {
        next = login->next;
        note_login(web->director->journal, login);
        free(login);
    }
}

/* Of one site alone the reply is made sooner than the copy. */
static bool is_of_picture(const char *line)
{
    struct request request;
    struct error err;
    if (!request_parse(line, strlen(line), &request, &err))
        return false;
    const enum command command = request.command;
    const bool all = request.site == NULL;
    request_release(&request);
    return all && (command == COMMAND_ENDPOINTS || command == COMMAND_LOAD || command == COMMAND_SITES || command == COMMAND_CHECKS);
}

static void take(struct web *web, struct ask *ask)
{
    if (ask->line && is_of_picture(ask->line)) {
        setup_look(web->director->setup, clock_ms());
        ask->picture = picture_take(web->director);
        exchange_finish(ask->exchange, write_picture, ask);
        return;
    }
    if (ask->line) {
        char *line = ask->line;
        ask->line = NULL; /* the reply frees the rest, perhaps at once */
        commands_take(&ask->client, line, strlen(line), web->director);
        free(line);
        return;
    }
    ask->numbers = numbers_take(web->director);
    exchange_finish(ask->exchange, write_metrics, ask);
}

/* One request a turn: results come first. */
static void on_asked(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct web *web = context;
    eventfd_t raised;
    bool more;
    eventfd_read(fd, &raised);
    note_logins(web);
    struct ask *ask = pop(web, &more);
    const uint64_t began_ns = clock_ns();
    if (ask)
        take(web, ask);
    const uint64_t turn_us = (clock_ns() - began_ns) / 1000;
    if (turn_us > web->turn_max_us)
        web->turn_max_us = (uint32_t)turn_us;
    if (more)
        eventfd_write(fd, 1);
}

static void on_event(void *context, const json_t *event)
{
    (void)event;
    http_touch(((struct web *)context)->http);
}

/* --- files */

static uint64_t print_of(const struct http_config *config)
{
    uint64_t print = 1;
    const char *const files[] = {config->tokens, config->certificate, config->key};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i])
            print = file_print(files[i], print);
    return print | 1;
}

/* Whether it speaks TLS is settled at the start. */
static struct http_config in_force(const struct config *started, const struct config *config)
{
    struct http_config http = config->http;
    if (!started->http.certificate != !http.certificate) {
        http.certificate = started->http.certificate;
        http.key = started->http.key;
    }
    return http;
}

static struct web_reading *read_files(const struct http_config *config)
{
    struct web_reading *reading = mem_new(1, sizeof *reading);
    struct report report;
    report_init(&report);
    reading->print = print_of(config);
    reading->access = access_load(config, &report);
    if (!reading->access)
        error_set(&reading->err, "%s", report.findings[0].text);
    report_release(&report);
    return reading;
}

void web_reading_free(struct web_reading *reading)
{
    if (reading)
        access_free(reading->access);
    free(reading);
}

struct web_reading *web_read(const struct director *director, const struct config *config, struct report *report)
{
    if (!director->web || !director->web->http)
        return NULL;
    const struct http_config http = in_force(director->web->config, config);
    struct web_reading *reading = read_files(&http);
    if (!reading->access)
        report_warning(report, NULL, "http: %s; what was read before still counts", reading->err.text);
    return reading;
}

static void take_reading(struct web *web, struct web_reading *reading)
{
    web->print = reading->print;
    web->loaded_ms = clock_ms();
    if (reading->access) {
        web->certificate_end_s = reading->access->certificate_end_s;
        web->alarm[0] = '\0';
        http_set_access(web->http, reading->access);
        reading->access = NULL;
    } else {
        snprintf(web->alarm, sizeof web->alarm, "http: %.500s; what was read before still counts", reading->err.text);
        log_error("%s", web->alarm);
    }
}

void web_adopt(struct web *web, struct web_reading *reading)
{
    if (web && reading)
        take_reading(web, reading);
}

/* Token file and certificate, read in the loader's thread. */
struct renewal {
    struct job job;
    struct web *web;
    struct world *world; /* whose configuration names the files */
    struct web_reading *reading;
};

static void run_renewal(struct job *job)
{
    struct renewal *renewal = (struct renewal *)job;
    const struct http_config http = in_force(renewal->web->config, world_config(renewal->world));
    renewal->reading = read_files(&http);
}

static void end_renewal(struct job *job)
{
    struct renewal *renewal = (struct renewal *)job;
    struct web *web = renewal->web;
    web->loading = false;
    if (!web->director->stopping && renewal->world == web->director->setup->world) { /* else a reload has read others */
        const bool had_alarm = web->alarm[0];
        take_reading(web, renewal->reading);
        if (!web->alarm[0])
            log_notice("http: tokens and certificate are read anew%s", had_alarm ? "; all is well again" : "");
    }
    web_reading_free(renewal->reading);
    world_unref(renewal->world);
    free(renewal);
}

void web_check(struct web *web)
{
    if (!web || !web->http || web->loading)
        return;
    struct world *world = web->director->setup->world;
    const struct http_config http = in_force(web->config, world_config(world));
    const bool old = http.certificate && clock_ms() - web->loaded_ms >= CREDENTIALS_AGE_S * 1000ull;
    if (print_of(&http) == web->print && !old)
        return;
    struct renewal *renewal = mem_new(1, sizeof *renewal);
    *renewal = (struct renewal){.job = {.run = run_renewal, .done = end_renewal}, .web = web, .world = world_ref(world)};
    web->loading = true;
    work_push(web->director->loader, &renewal->job);
}

void web_inspect(const struct config *config, struct report *report)
{
    if (config->http.listen_count)
        access_free(access_load(&config->http, report));
}

static bool same_addresses(const struct http_config *a, const struct http_config *b)
{
    if (a->listen_count != b->listen_count)
        return false;
    for (size_t i = 0; i < a->listen_count; i++)
        if (!addr_equal(&a->listen[i].addr, &b->listen[i].addr) || a->listen[i].port != b->listen[i].port)
            return false;
    return true;
}

void web_warn_of_restart(const struct web *web, const struct config *config, struct report *report)
{
    static const char text[] = "is not what the daemon was started with: that takes a restart";
    if (!web)
        return;
    const struct http_config *old = &web->config->http, *new = &config->http;
    if (!same_addresses(old, new))
        report_warning(report, config->path, "http.listen %s", text);
    if (!old->certificate != !new->certificate)
        report_warning(report, config->path, "http.certificate %s", text);
    if (old->clients != new->clients)
        report_warning(report, config->path, "http.clients %s", text);
}

/* --- telling */

json_t *web_json(const struct web *web)
{
    size_t count = 0;
    const struct hostport *bound = web && web->http ? http_addresses(web->http, &count) : NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char at[HOSTPORT_TEXT];
        json_array_append_new(list, json_string(hostport_format(&bound[i], at)));
    }
    json_t *object = json_pack("{s:o, s:b, s:I}", "listen", list, "tls", web && web->config->http.certificate, "turn_max_us",
                               (json_int_t)(web ? web->turn_max_us : 0));
    if (web && web->certificate_end_s)
        json_object_set_new(object, "end_s", json_integer((json_int_t)web->certificate_end_s));
    return object;
}

void web_alarms(const struct web *web, json_t *list)
{
    if (!web || !web->http)
        return;
    if (http_alarm(web->http)[0])
        json_array_append_new(list, json_string(http_alarm(web->http)));
    if (web->alarm[0])
        json_array_append_new(list, json_string(web->alarm));
    if (web->certificate_end_s && web->certificate_end_s - clock_wall_s() < CERTIFICATE_ENDS_SOON_S) {
        char *end = certificate_end_text(web->certificate_end_s, clock_wall_s());
        json_array_append_new(list, json_sprintf("certificate of http %s", end));
        free(end);
    }
}

void web_pulse(struct web *web)
{
    if (!web)
        return;
    const struct director *director = web->director;
    atomic_store(&web->serving, director->serving);
    atomic_store(&web->published, snapshot_current() != NULL);
    atomic_store(&web->engine_stopped, director->engine_stopped_ms != 0);
    atomic_store(&web->turned_ms, clock_ms());
}

/* --- start and stop */

static bool open_http(struct web *web, struct error *err)
{
    const struct http_config *config = &web->config->http;
    const struct http_table table = {.routes = api_routes, .count = api_route_count, .login = web_login, .context = web};
    struct web_reading *reading = read_files(config);
    if (reading->access) {
        web->print = reading->print;
        web->loaded_ms = clock_ms();
        web->certificate_end_s = reading->access->certificate_end_s;
        web->http = http_new(config, reading->access, &table, err);
        reading->access = NULL;
    } else {
        error_set(err, "http: %s", reading->err.text);
    }
    web_reading_free(reading);
    return web->http;
}

struct web *web_new(struct director *director, struct config *config, struct error *err)
{
    struct web *web = mem_new(1, sizeof *web);
    *web = (struct web){.director = director, .config = config, .event_fd = -1};
    web->asks_end = &web->asks;
    web->logins_end = &web->logins;
    pthread_mutex_init(&web->lock, NULL);
    if (config->http.listen_count == 0)
        return web;
    web->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    web->event = event_new(director->base, web->event_fd, EV_READ | EV_PERSIST, on_asked, web);
    event_priority_set(web->event, PRIORITY_ADMIN);
    event_add(web->event, NULL);
    if (open_http(web, err))
        return web;
    web_free(web, 0);
    return NULL;
}

bool web_start(struct web *web, struct error *err)
{
    web_pulse(web);
    if (!web->http)
        return true;
    journal_listen(web->director->journal, on_event, web);
    return http_serve(web->http, err);
}

void web_free(struct web *web, unsigned wait_ms)
{
    if (!web)
        return;
    http_free(web->http, wait_ms);
    for (struct ask *next; web->asks; web->asks = next) {
        next = web->asks->next;
        ask_free(web->asks);
    }
    for (struct login *next; web->logins; web->logins = next) {
        next = web->logins->next;
        free(web->logins);
    }
    if (web->event)
        event_free(web->event);
    if (web->event_fd >= 0)
        close(web->event_fd);
    config_unref(web->config);
    pthread_mutex_destroy(&web->lock);
    free(web);
}
