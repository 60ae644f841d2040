/* Who asks something of the director, whichever way it came: the admin socket's connections and the requests over HTTP each embed one as their first
 * member. Thread: the director's. */
#pragma once

#include <jansson.h>
#include <stddef.h>

enum { CLIENT_WHO = 64, CLIENT_FROM = 128 };

struct client;

struct client_kind {
    /* Sends the reply (taken); the client is not to be used any more. One that has gone meanwhile is forgotten. */
    void (*reply)(struct client *client, json_t *reply);
    /* Who it is, written to out: a user's or a token's name. */
    void (*who)(const struct client *client, char out[CLIENT_WHO]);
    /* Where it asks from: "admin socket", or its address. */
    void (*from)(const struct client *client, char out[CLIENT_FROM]);
};

struct client {
    const struct client_kind *kind;
};

/* Each request is answered once, now or later. */
static inline void client_reply(struct client *client, json_t *reply)
{
    client->kind->reply(client, reply);
}

/* Return out. */
static inline const char *client_who(const struct client *client, char out[CLIENT_WHO])
{
    client->kind->who(client, out);
    return out;
}

static inline const char *client_from(const struct client *client, char out[CLIENT_FROM])
{
    client->kind->from(client, out);
    return out;
}
