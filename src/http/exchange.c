/* A request from its arrival to its answer. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>

enum { VIEWERS_UNDER_WAY_MAX = HTTP_UNDER_WAY_MAX * 3 / 4 /* the rest is for those who order */ };

/* Who asks. */
struct asker {
    struct addr addr;
    char from[HOSTPORT_TEXT];
    enum role role;
    const char *name;
};

static const char *header(struct evhttp_request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

static void find_peer(struct evhttp_request *request, struct asker *asker)
{
    char *text = NULL;
    ev_uint16_t port = 0;
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &text, &port);
    struct hostport at = {.port = port};
    if (!text || !addr_parse(text, &at.addr))
        at.addr = (struct addr){0};
    addr_unmap(&at.addr);
    asker->addr = at.addr;
    hostport_format(&at, asker->from);
}

/* What a proxy on this machine hands on comes from loopback, too. */
static bool comes_through_proxy(struct evhttp_request *request)
{
    return header(request, "Forwarded") || header(request, "X-Forwarded-For") || header(request, "X-Real-IP") || header(request, "Via");
}

static void refuse_token(struct http *http, struct evhttp_request *request, const struct asker *asker)
{
    struct http_login failed = {.from = asker->from};
    if (tries_fail(http->tries, &asker->addr, clock_ms(), &failed.failures) && http->table.login)
        http->table.login(&failed, http->table.context);
    evhttp_add_header(evhttp_request_get_output_headers(request), "WWW-Authenticate", "Bearer realm=\"sipsteer\", error=\"invalid_token\"");
    send_refusal(request, 401, "the token is not known");
}

/* False: the request has been answered. */
static bool find_role(struct http *http, struct evhttp_request *request, struct asker *asker)
{
    const char *authorization = header(request, "Authorization"), *token;
    unsigned wait_s = 0;
    size_t len = 0;
    if (!authorization) {
        const bool trusted = http->access->loopback_view && addr_is_loopback(&asker->addr) && !comes_through_proxy(request);
        asker->role = trusted ? ROLE_VIEW : ROLE_NONE;
        asker->name = "loopback";
        return true;
    }
    if (tries_blocked(http->tries, &asker->addr, clock_ms(), &wait_s)) {
        char text[16];
        snprintf(text, sizeof text, "%u", wait_s);
        evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", text);
        send_refusal(request, 429, "too many wrong tokens came from this address");
        return false;
    }
    token = bearer_token(authorization, &len);
    asker->role = token ? tokens_find(http->access->tokens, token, len, &asker->name) : ROLE_NONE;
    if (asker->role == ROLE_NONE)
        refuse_token(http, request, asker);
    return asker->role != ROLE_NONE;
}

/* False: the request has been answered. */
static bool admit(struct http *http, struct evhttp_request *request, enum role needs, struct asker *asker)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const struct access *access = http->access;
    asker->name = "";
    if (needs == ROLE_NONE)
        return true;
    if (!host_allowed(header(request, "Host"), access->hosts, access->host_count) ||
        !host_allowed(evhttp_uri_get_host(uri), access->hosts, access->host_count)) {
        send_refusal(request, 421, "asked by a name that is not one of http.hosts");
        return false;
    }
    if (!find_role(http, request, asker))
        return false;
    if (asker->role >= needs)
        return true;
    const bool anonymous = !header(request, "Authorization");
    if (anonymous)
        evhttp_add_header(evhttp_request_get_output_headers(request), "WWW-Authenticate", "Bearer realm=\"sipsteer\"");
    send_refusal(request, anonymous ? 401 : 403, needs == ROLE_OPERATE ? "this needs a token with the role operate" : "this needs a token");
    return false;
}

static bool method_fits(enum evhttp_cmd_type command, enum method method)
{
    return method == METHOD_POST ? command == EVHTTP_REQ_POST : command == EVHTTP_REQ_GET || command == EVHTTP_REQ_HEAD;
}

/* NULL: none of this path, or none for this method; then ret_allow are those that there are. */
static const struct http_route *find_route(const struct http *http, const char *path, enum evhttp_cmd_type command, char ret_allow[24])
{
    ret_allow[0] = '\0';
    for (size_t i = 0; i < http->table.count; i++) {
        const struct http_route *route = &http->table.routes[i];
        if (strcmp(route->path, path) != 0 || (route->when_public && !http->access->public_status))
            continue;
        if (method_fits(command, route->method))
            return route;
        const size_t len = strlen(ret_allow);
        snprintf(ret_allow + len, 24 - len, "%s%s", len ? ", " : "", route->method == METHOD_POST ? "POST" : "GET, HEAD");
    }
    return NULL;
}

static void on_closed(struct evhttp_connection *of, void *context)
{
    struct connection *connection = context;
    (void)of;
    if (connection->exchange)
        connection->exchange->request = NULL;
    connection->exchange = NULL;
}

/* Another page cannot send this type without asking first (Fetch: CORS-safelisted), and is never allowed to. */
static bool is_json(struct evhttp_request *request)
{
    const char *type = header(request, "Content-Type");
    return type && strncasecmp(type, "application/json", 16) == 0 && (!type[16] || type[16] == ';' || type[16] == ' ');
}

static void take_body(struct exchange *exchange)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(exchange->request);
    exchange->body_len = evbuffer_get_length(in);
    exchange->body = mem_new(1, exchange->body_len + 1);
    evbuffer_copyout(in, exchange->body, exchange->body_len);
}

static struct exchange *exchange_new(struct http *http, struct evhttp_request *request, const struct http_route *route,
                                     const struct asker *asker, const struct params *params)
{
    struct evhttp_connection *of = evhttp_request_get_connection(request);
    struct exchange *exchange = mem_new(1, sizeof *exchange);
    *exchange = (struct exchange){.http = http, .route = route, .request = request, .params = *params, .role = asker->role};
    snprintf(exchange->who, sizeof exchange->who, "%s", asker->name);
    snprintf(exchange->from, sizeof exchange->from, "%s", asker->from);
    exchange->connection = connections_find(&http->connections, evhttp_connection_get_bufferevent(of));
    invariant(exchange->connection != NULL);
    exchange->connection->exchange = exchange;
    connection_enter(&http->connections, exchange->connection, PHASE_ANSWERING);
    evhttp_connection_set_closecb(of, on_closed, exchange->connection);
    take_body(exchange);
    TAILQ_INSERT_TAIL(&http->under_way, exchange, in_all);
    return exchange;
}

static void let_take(struct http *http, struct exchange *exchange)
{
    const size_t most = exchange->route->needs == ROLE_OPERATE ? HTTP_UNDER_WAY_MAX : VIEWERS_UNDER_WAY_MAX;
    if (http->under_way_count >= most) {
        exchange_refuse(exchange, 503, "too many requests are under way");
        return;
    }
    http->under_way_count++;
    exchange->counted = true;
    exchange->route->take(exchange, exchange->route, http->table.context);
}

static void begin(struct http *http, struct evhttp_request *request, const struct http_route *route, const struct asker *asker)
{
    struct params params;
    if (!params_parse(evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request)), &params)) {
        send_refusal(request, 400, "the query is malformed");
        return;
    }
    if (route->method == METHOD_POST && !is_json(request)) {
        params_release(&params);
        send_refusal(request, 415, "the Content-Type must be application/json");
        return;
    }
    struct exchange *exchange = exchange_new(http, request, route, asker, &params);
    if (!route->shared || params.count > 0 || !view_join(http, exchange))
        let_take(http, exchange);
}

static void on_sent(struct evhttp_request *request, void *context)
{
    struct http *http = context;
    struct connection *connection =
        connections_find(&http->connections, evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
    if (connection)
        connection_enter(&http->connections, connection, PHASE_READING);
}

/* False: the request has been answered. */
static bool track(struct http *http, struct evhttp_request *request)
{
    struct connection *connection =
        connections_find(&http->connections, evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
    invariant(connection != NULL);
    if (connection->refused) {
        send_refusal(request, 503, "there are too many connections");
        return false;
    }
    connection_enter(&http->connections, connection, PHASE_SENDING);
    evhttp_request_set_on_complete_cb(request, on_sent, http);
    return true;
}

static void refuse_path(struct evhttp_request *request, const char *allow)
{
    if (allow[0])
        evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", allow);
    send_refusal(request, allow[0] ? 405 : 404, allow[0] ? "this path takes another method" : "there is nothing at this path");
}

void on_request(struct evhttp_request *request, void *context)
{
    struct http *http = context;
    http_take_access(http);
    if (!track(http, request))
        return;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    path = path && path[0] ? path : "/";
    char allow[24];
    struct asker asker = {.role = ROLE_NONE};
    const struct http_route *route = find_route(http, path, evhttp_request_get_command(request), allow);
    find_peer(request, &asker);
    if (!route && (allow[0] || !files_answer(http, request, path)))
        refuse_path(request, allow);
    else if (route && admit(http, request, route->needs, &asker))
        begin(http, request, route, &asker);
}

void exchange_free(struct exchange *exchange)
{
    struct http *http = exchange->http;
    if (exchange->request)
        exchange->connection->exchange = NULL;
    http->under_way_count -= exchange->counted;
    TAILQ_REMOVE(&http->under_way, exchange, in_all);
    params_release(&exchange->params);
    free(exchange->body);
    free(exchange);
}

void exchange_send_text(struct exchange *exchange, int code, struct text *text)
{
    struct evhttp_request *request = exchange->request;
    if (request) {
        connection_enter(&exchange->http->connections, exchange->connection, PHASE_SENDING);
        if (code == 503)
            evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", "1");
        send_text(request, code, text);
    } else {
        text_unref(text);
    }
    exchange_free(exchange);
}

void exchange_answer(struct exchange *exchange, const struct http_reply *reply)
{
    struct text *text = text_new(reply->text, reply->len, reply->type, false);
    exchange->http->ordered += exchange->route->needs == ROLE_OPERATE;
    if (exchange->view)
        view_finish(exchange, reply->code, text);
    else
        exchange_send_text(exchange, reply->code, text);
}

void exchange_refuse(struct exchange *exchange, int code, const char *why)
{
    char *text = mem_format("{\"version\":1,\"ok\":false,\"error\":\"%s\"}\n", why);
    exchange_answer(exchange, &(struct http_reply){.code = code, .type = "application/json", .text = text, .len = strlen(text)});
}

void exchange_finish(struct exchange *exchange, exchange_write_fn write, void *what)
{
    struct http *http = exchange->http;
    exchange->write = write;
    exchange->what = what;
    pthread_mutex_lock(&http->lock);
    exchange->next = NULL;
    *http->finished_end = exchange;
    http->finished_end = &exchange->next;
    pthread_mutex_unlock(&http->lock);
    eventfd_write(http->wake_fd, 1);
}

void exchanges_collect(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    struct exchange *finished = http->finished;
    http->finished = NULL;
    http->finished_end = &http->finished;
    pthread_mutex_unlock(&http->lock);
    for (struct exchange *next; finished; finished = next) {
        struct http_reply reply = {.code = 500, .type = "application/json"};
        next = finished->next;
        finished->write(finished->what, &reply);
        exchange_answer(finished, &reply);
    }
}

const struct params *exchange_params(const struct exchange *exchange)
{
    return &exchange->params;
}

const char *exchange_body(const struct exchange *exchange, size_t *ret_len)
{
    *ret_len = exchange->body_len;
    return exchange->body;
}

const char *exchange_who(const struct exchange *exchange)
{
    return exchange->who;
}

const char *exchange_from(const struct exchange *exchange)
{
    return exchange->from;
}

enum role exchange_role(const struct exchange *exchange)
{
    return exchange->role;
}

void *exchange_context(const struct exchange *exchange)
{
    return exchange->http->table.context;
}
