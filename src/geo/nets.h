/* The operator's own word on networks: the nets file, and the binary tree its prefixes make.
 * Thread: the owner's. Released by the owner. */
#pragma once

#include "base/addr.h"
#include "base/report.h"
#include "geo/record.h"
#include "geo/tables.h"
#include "model/config.h"

struct net {
    struct prefix prefix;
    unsigned line;
    double latitude, longitude; /* of the forms "51.5,-0.1" and "country=GB" (its centre, found later) */
    bool has_location;
    char country[3]; /* "" unless "country=GB" */
    uint8_t *sites;  /* of "sites=london,amsterdam"; else NULL */
    size_t site_count;
};

/* A node's children are node numbers, or CURSOR_DONE | record number (see database.h). */
struct nets_node {
    uint32_t child[2];
};

struct nets {
    struct net *items; /* in the order of the file */
    size_t count, room;
    struct nets_node *nodes;
    size_t node_count, node_room;
    uint32_t root_v4, root_v6; /* cursors */
};

void nets_init(struct nets *nets);
void nets_release(struct nets *nets);

/* Reads the text of a nets file; path is for the messages. Everything wrong is reported; false when there was an error. */
bool nets_parse(struct nets *nets, const char *text, const char *path, const struct config *config, struct report *report);

/* Makes the tree, where the most specific net wins. What a net says goes to records. */
void nets_index(struct nets *nets, struct pool *records);

/* The most specific net that holds the address, or NULL. */
const struct net *nets_find(const struct nets *nets, const struct addr *addr);
