#include "serve/clients.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <sys/random.h>

enum { CLIENT_BITS_V6 = 64 };

struct client {
    struct client *next;
    struct addr addr; /* masked */
    unsigned count;
};

struct clients {
    unsigned most;
    uint64_t seed; /* so that nobody can choose addresses that all fall into one slot */
    size_t mask;
    struct client **slots;
};

struct clients *clients_new(size_t expected, unsigned most)
{
    struct clients *clients = mem_new(1, sizeof *clients);
    size_t slots = 16;
    while (slots < expected)
        slots *= 2;
    *clients = (struct clients){.most = most, .mask = slots - 1, .slots = mem_new(slots, sizeof *clients->slots)};
    invariant(getrandom(&clients->seed, sizeof clients->seed, 0) == sizeof clients->seed);
    return clients;
}

void clients_free(struct clients *clients)
{
    if (clients == NULL)
        return;
    for (size_t i = 0; i <= clients->mask; i++)
        for (struct client *at = clients->slots[i], *next; at; at = next) {
            next = at->next;
            free(at);
        }
    free(clients->slots);
    free(clients);
}

static struct addr client_of(const struct addr *addr)
{
    struct addr client = *addr;
    addr_unmap(&client);
    if (client.family == FAMILY_V6)
        addr_mask(&client, CLIENT_BITS_V6);
    return client;
}

/* Where the client's entry hangs, or would. */
static struct client **find(struct clients *clients, const struct addr *client)
{
    const size_t slot = hash_bytes(client->bytes, client->family == FAMILY_V4 ? 4 : 8, clients->seed + client->family) & clients->mask;
    struct client **at = &clients->slots[slot];
    while (*at && !addr_equal(&(*at)->addr, client))
        at = &(*at)->next;
    return at;
}

bool clients_enter(struct clients *clients, const struct addr *addr)
{
    const struct addr client = client_of(addr);
    struct client **at = find(clients, &client);
    if (*at == NULL) {
        *at = mem_new(1, sizeof **at);
        (*at)->addr = client;
    }
    if ((*at)->count >= clients->most)
        return false;
    (*at)->count++;
    return true;
}

void clients_leave(struct clients *clients, const struct addr *addr)
{
    const struct addr client = client_of(addr);
    struct client **at = find(clients, &client), *left = *at;
    invariant(left && left->count > 0);
    if (--left->count > 0)
        return;
    *at = left->next;
    free(left);
}
