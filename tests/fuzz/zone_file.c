/* The loader over any octets as a master file: no crash, and a zone that is accepted is in order and prints. */
#include "base/invariant.h"
#include "zone/name.h"
#include "zone/zone.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_node(const struct zone *zone, size_t i)
{
    const struct zone_node *node = &zone->nodes[i];
    invariant(name_length(node->name) == node->name_len);
    invariant(name_within(node->name, node->name_len, zone->apex, zone->apex_len));
    invariant(i == 0 || name_compare(zone->nodes[i - 1].name, node->name) < 0);
    invariant(zone_find(zone, node->name, node->name_len) == node);
    for (unsigned k = 0; k < node->rrset_count; k++) {
        const struct rrset *set = &node->rrsets[k];
        invariant(set->count > 0 && zone_rrset(node, set->type) == set);
        for (unsigned r = 0; r < set->count; r++)
            free(zone_record_text(node->name, set->type, set->ttl_s, set->rdatas[r].octets, set->rdatas[r].len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[32];
    struct report report;
    const int fd = memfd_create("zone", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    report_init(&report);
    struct zone *zone = zone_load("sip.example.com.", path, &report);
    invariant((zone == NULL) == (report.errors > 0));
    for (size_t i = 0; zone && i < zone->node_count; i++)
        check_node(zone, i);
    zone_unref(zone);
    report_release(&report);
    close(fd);
    return 0;
}
