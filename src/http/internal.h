/* The listener from inside. For http/ only. Thread: the loop's, but what is told otherwise. */
#pragma once

#include "http/http.h"
#include "http/tries.h"

#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

enum phase { PHASE_READING, PHASE_ANSWERING, PHASE_SENDING };

/* A connection. libevent's evhttp tells nobody when it frees one, so a reference of ours keeps the bufferevent until the next sweep sees that it was. */
struct connection {
    TAILQ_ENTRY(connection) in_line; /* by since_ms, the longest first */
    struct bufferevent *stream;
    enum phase phase;
    uint64_t since_ms; /* of the phase */
    bool refused;      /* to be closed at once */
    struct exchange *exchange;
};
TAILQ_HEAD(connection_line, connection);

struct connections {
    struct connection_line line;
    size_t count, most;
};

/* A text that several are sent at once. */
struct text {
    unsigned refs;
    char *octets; /* freed with it, unless constant */
    size_t len;
    bool constant;
    const char *type;
    char tag[36]; /* with its quotes */
};

/* The answer of a shared route. */
struct view {
    struct text *text; /* NULL: none yet */
    uint64_t made_ms;
    unsigned made_of, making_of;           /* http->touched, as it was when its making began */
    unsigned made_ordered, making_ordered; /* http->ordered, the same */
    bool making;
    struct exchange *waiting; /* for what is being made */
};

struct exchange {
    TAILQ_ENTRY(exchange) in_all;
    struct http *http;
    const struct http_route *route;
    struct view *view;              /* whose text it makes, or waits for */
    struct evhttp_request *request; /* NULL: the client has gone */
    struct connection *connection;
    struct params params;
    char *body;
    size_t body_len;
    char who[TOKEN_NAME_MAX + 1], from[HOSTPORT_TEXT];
    enum role role;
    bool counted;          /* in http->under_way_count */
    struct exchange *next; /* in view->waiting, or in http->finished */
    exchange_write_fn write;
    void *what;
};
TAILQ_HEAD(exchange_list, exchange);

struct http {
    struct http_table table;
    struct view *views; /* one a route */
    struct event_base *base;
    struct evhttp *server;
    struct evconnlistener *listeners[16];
    struct hostport addresses[16];
    size_t listener_count;
    bool paused, tls;
    struct connections connections;
    struct access *access;
    _Atomic(struct access *) renewed;
    struct tries *tries;
    struct exchange_list under_way;
    size_t under_way_count; /* those that somebody else must answer */
    atomic_uint touched;    /* how often what is told has changed */
    unsigned ordered;       /* how many POSTs were answered */
    struct text **files;    /* of web_files */
    struct event *wake, *sweep;
    int wake_fd;
    pthread_t thread;
    bool running;
    atomic_bool stopping;
    uint64_t stop_ms;
    pthread_mutex_t lock; /* of finished */
    struct exchange *finished, **finished_end;
    char alarm[300];
};

/* server.c: what was set last counts from now on. */
void http_take_access(struct http *http);

/* connections.c */
void connections_init(struct connections *connections, size_t most);
/* A new connection's bufferevent; the reference is counted here. Makes room among those that read. refused: to be closed at once. */
void connections_add(struct connections *connections, struct bufferevent *stream, bool refused);
struct connection *connections_find(const struct connections *connections, const struct bufferevent *stream);
void connection_enter(struct connections *connections, struct connection *connection, enum phase phase);
/* Forgets those that are closed, closes those that take too long. */
void connections_sweep(struct connections *connections);
void connections_release(struct connections *connections);

/* exchange.c: evhttp's callback for every request. */
void on_request(struct evhttp_request *request, void *context);
/* Takes what others have finished. */
void exchanges_collect(struct http *http);
void exchange_free(struct exchange *exchange);
/* Sends it and frees the exchange. */
void exchange_send_text(struct exchange *exchange, int code, struct text *text);

/* views.c */
struct text *text_new(char *octets, size_t len, const char *type, bool constant);
void text_unref(struct text *text);
/* True: the exchange is answered, or waits for one that is being made. False: it must be made, by it. */
bool view_join(struct http *http, struct exchange *exchange);
/* What the exchange has made goes to all who wait for it. Takes text and exchange. */
void view_finish(struct exchange *exchange, int code, struct text *text);

/* files.c: the built-in files. True: there is one of that path, and it was answered. */
bool files_answer(struct http *http, struct evhttp_request *request, const char *path);
void files_init(struct http *http);
void files_release(struct http *http);

/* headers.c */
void headers_add(struct evhttp_request *request, const char *type);
void send_refusal(struct evhttp_request *request, int code, const char *text);
/* Honours If-None-Match and HEAD; the text is referred to, not copied. */
void send_text(struct evhttp_request *request, int code, struct text *text);
const char *code_text(int code);
