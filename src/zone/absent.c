#include "base/memory.h"
#include "zone/store.h"

#include <string.h>

struct zone *zone_absent(const char *name, const char *file)
{
    static const struct name root = {.len = 1};
    struct name apex = {0};
    struct zone_memory *memory = mem_new(1, sizeof *memory);
    struct zone *zone = mem_new(1, sizeof *zone);
    name_parse(name, &root, &apex);
    name_lower(apex.octets, apex.len);
    arena_init(&memory->arena);
    memory->nodes = mem_new(1, sizeof *memory->nodes);
    memory->nodes[0] = (struct zone_node){.name = arena_copy(&memory->arena, apex.octets, apex.len), .name_len = apex.len};
    index_put(&memory->index, memory->nodes, 0);
    *zone = (struct zone){.apex = memory->nodes[0].name,
                          .apex_len = apex.len,
                          .file = arena_copy(&memory->arena, file, strlen(file) + 1),
                          .absent = true,
                          .nodes = memory->nodes,
                          .node_count = 1,
                          .memory = memory};
    return zone;
}
