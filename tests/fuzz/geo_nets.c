/* Any text as a nets file: read, indexed, and each net found again at its own address. */
#include "base/memory.h"
#include "geo/database.h"
#include "geo/nets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The record where a walk of the tree ends. */
static uint32_t walk(const struct nets *nets, const struct addr *addr)
{
    uint32_t at = addr->family == FAMILY_V4 ? nets->root_v4 : nets->root_v6;
    for (unsigned depth = 0; !(at & CURSOR_DONE); depth++)
        at = nets->nodes[at].child[addr_bit(addr, depth)];
    return at & ~CURSOR_DONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct site sites[] = {{.name = "london"}, {.name = "ashburn"}, {.name = "singapore"}};
    const struct config config = {.sites = sites, .site_count = 3};
    char *text = mem_new(size + 1, 1);
    memcpy(text, data, size);
    struct report report;
    struct nets nets;
    struct pool records;
    report_init(&report);
    nets_init(&nets);
    records_init(&records);
    const bool sound = nets_parse(&nets, text, "nets", &config, &report);
    if (sound != (report.errors == 0))
        abort();
    if (sound)
        nets_index(&nets, &records);
    for (size_t i = 0; sound && i < nets.count; i++) {
        const struct net *found = nets_find(&nets, &nets.items[i].prefix.addr);
        const struct record *record = pool_row(&records, walk(&nets, &nets.items[i].prefix.addr));
        if (found == NULL || found->prefix.len < nets.items[i].prefix.len || record->whole == (found->sites != NULL))
            abort();
    }
    pool_release(&records);
    nets_release(&nets);
    report_release(&report);
    free(text);
    return 0;
}
