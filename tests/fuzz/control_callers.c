/* Any octets as the selectors of a switch, and where it leads: read or refused with a reason; what was read is read alike from its own text. */
#include "base/invariant.h"
#include "base/memory.h"
#include "control/callers.h"
#include "control/moment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t all_sites[] = {0, 1};
static struct site sites[] = {{.name = (char *)"london", .region = (char *)"north sea"}, {.name = (char *)"paris", .region = (char *)""}};
static struct service services[] = {{.name = (char *)"sip.test.", .label = (char *)"sales", .sites = all_sites, .site_count = 2}};
static const struct config config = {.sites = sites, .site_count = 2, .services = services, .service_count = 1};

static void read_again(const struct callers *callers)
{
    struct callers again;
    struct area area;
    struct error err;
    invariant(callers_parse(&config, callers->text, &again, &err));
    invariant(strcmp(again.text, callers->text) == 0 && again.sites[0] == callers->sites[0]);
    invariant(switch_area(callers->text, &area) && area_is_whole(&area) == area_is_whole(&callers->area));
    callers_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct callers callers;
    struct destination destination, again;
    struct error err = {""};
    int64_t at_s;
    char *text = mem_new(size + 1, 1);
    memcpy(text, data, size);
    if (callers_parse(&config, text, &callers, &err)) {
        read_again(&callers);
        callers_release(&callers);
    } else {
        invariant(err.text[0]);
    }
    if (destination_parse(&config, text, &destination, &err))
        invariant(destination_parse(&config, destination.text, &again, &err) && again.count == destination.count);
    moment_parse(text, 1763848800, &at_s, &err);
    free(text);
    return 0;
}
