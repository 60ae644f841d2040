/* Any octets as a query to a world with everything in it: the answer is a sound message that fits where it was asked for. */
#include "base/invariant.h"
#include "example_world.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct test_world *world(void)
{
    static struct test_world t;
    if (t.snapshot)
        return &t;
    struct report report;
    report_init(&report);
    test_load(&t, example_files, &report);
    report_release(&report);
    test_rebuild(&t);
    const struct siphash_keys secrets = {.count = 1};
    snapshot_set_cookies(t.snapshot, &secrets);
    return &t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (enum channel channel = CHANNEL_UDP; channel <= CHANNEL_TLS; channel++) {
        size_t len;
        char *text = test_send(world(), data, size, channel, &len);
        invariant(strcmp(text, "malformed\n") != 0);
        invariant(channel != CHANNEL_UDP || len <= UDP_CAP);
        free(text);
    }
    return 0;
}
