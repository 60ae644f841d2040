/* How the classes of two compilations of geo data meet: made by geo/pairs.h, read by policy/shift.h. Plain data. Thread: any. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Addresses that are of one class before and of another after. An IPv6 network counts as the few that geo takes it for (geo/trie.h). */
struct class_pair {
    uint32_t before, after;
    double v4, v6; /* all addresses */
    double known;  /* those of which a source says something, before or after: what counts where nobody has measured demand */
};
