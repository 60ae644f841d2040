/* The HTTP listener: a thread with an event loop of its own (libevent's evhttp), TLS, tokens and roles, files, and a table of routes that others answer.
 * Slow clients, handshakes and long texts are its own affair: who answers a route hands over what is to be written, and goes on.
 * Bounded on every side: connections, request size, the time that a request and the taking of its answer may last, requests under way.
 * Thread: the caller's, except where it is said. */
#pragma once

#include "base/error.h"
#include "http/access.h"
#include "http/line.h"
#include "http/tokens.h"
#include "model/http_config.h"

#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEADERS_MAX = 16 * 1024,
    HTTP_BODY_MAX = 64 * 1024,
    HTTP_REQUEST_S = 30,     /* for a whole request, from the connection's begin or the answer before */
    HTTP_TAKE_S = 60,        /* for the client to take its answer */
    HTTP_UNDER_WAY_MAX = 64, /* requests that wait for who answers routes; those that share an answer count once */
    HTTP_FRESH_MS = 1000,    /* an answer that is the same for all is made at most so often, */
    HTTP_TOUCHED_MS = 200,   /* or so often while things change */
};

struct http;
struct exchange;

enum method { METHOD_GET /* and HEAD */, METHOD_POST };

struct http_route {
    const char *path;
    enum method method;
    enum role needs;
    bool shared;      /* without a query, its answer is the same for all */
    bool when_public; /* not there unless http.public_status is true */
    /* HTTP's thread. Must see to it that the exchange is answered once, now or later. */
    void (*take)(struct exchange *exchange, const struct http_route *route, void *context);
    int tag; /* the caller's */
};

struct http_reply {
    int code;         /* 200 ... */
    const char *type; /* of the text; a constant */
    char *text;       /* taken; freed with free() */
    size_t len;
};

/* Somebody came with a token: a POST to the route of logins, or a wrong token. */
struct http_login {
    const char *who;  /* the token's name; NULL: it was wrong */
    const char *from; /* address and port */
    enum role role;
    unsigned failures; /* wrong ones from there since they were told last */
};

struct http_table {
    const struct http_route *routes;
    size_t count;
    void (*login)(const struct http_login *login, void *context); /* HTTP's thread */
    void *context;
};

/* Binds config's addresses. access is taken. NULL: an address that the file names cannot be had. One that is only the default and cannot be had leaves
 * http_alarm(). The table is the caller's and stays. */
struct http *http_new(const struct http_config *config, struct access *access, const struct http_table *table, struct error *err);
bool http_serve(struct http *http, struct error *err);
/* "", or why it does not listen. */
const char *http_alarm(const struct http *http);
/* What it is bound to. */
const struct hostport *http_addresses(const struct http *http, size_t *ret_count);
/* Any thread: from now on this counts; taken. */
void http_set_access(struct http *http, struct access *access);
/* Any thread: what shared answers tell has changed. */
void http_touch(struct http *http);
/* Lets begun answers go, at most for wait_ms, ends the thread, and frees; exchanges that are not answered are freed, too. */
void http_free(struct http *http, unsigned wait_ms);

/* What was asked; HTTP's thread, or whoever answers, until it is answered. */
const struct params *exchange_params(const struct exchange *exchange);
const char *exchange_body(const struct exchange *exchange, size_t *ret_len);
const char *exchange_who(const struct exchange *exchange);
const char *exchange_from(const struct exchange *exchange);
enum role exchange_role(const struct exchange *exchange);
/* The table's context. */
void *exchange_context(const struct exchange *exchange);

/* HTTP's thread: answers. */
void exchange_answer(struct exchange *exchange, const struct http_reply *reply);
/* {"version":1,"ok":false,"error":text}; text is free of quotes, backslashes and control characters. */
void exchange_refuse(struct exchange *exchange, int code, const char *text);
/* Any thread: answers with what write makes of what, later, in HTTP's thread. */
typedef void (*exchange_write_fn)(void *what, struct http_reply *ret_reply);
void exchange_finish(struct exchange *exchange, exchange_write_fn write, void *what);
