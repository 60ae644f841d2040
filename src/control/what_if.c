/* A copy of what is known goes to the loader's thread, the prediction comes back. */
#include "control/what_if.h"

#include "base/memory.h"
#include "control/foresee.h"

#include <stdlib.h>

struct asking {
    struct job job;
    struct client *client;
    struct foresight *foresight;
};

static void run_asking(struct job *job)
{
    foresight_run(((struct asking *)job)->foresight);
}

static void end_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    json_t *reply = reply_ok();
    json_object_set_new(reply, "what_if", foresight_json(asking->foresight));
    admin_reply(asking->client, reply);
    foresight_free(asking->foresight);
    free(asking);
}

static struct foresight *foresight_of(const struct director *director, const struct request *request, struct error *err)
{
    const struct setup *setup = director->setup;
    const struct config *config = world_config(setup->world);
    struct supposition supposition;
    enum foreseen what;
    if (!foreseen_parse(request->what, &what)) {
        error_set(err, "\"what\" must be fail, drain, capacity or nothing");
        return NULL;
    }
    if (!supposition_read(config, what, request->sites, &supposition, err))
        return NULL;
    size_t count;
    bool measured;
    struct flow *flows =
        demand_flows(audience_demand(director->audience), geo_classes(place_geo(setup->place)), config->service_count, &count, &measured);
    const struct clientele clientele = {.flows = flows, .flow_count = measured ? count : 0, .calls = request->calls};
    struct foresight *foresight = foresight_new(setup, &supposition, &clientele, false, err);
    free(flows);
    return foresight;
}

void what_if_begin(struct director *director, struct client *client, const struct request *request)
{
    struct error err;
    struct foresight *foresight = foresight_of(director, request, &err);
    if (!foresight) {
        admin_reply(client, reply_error("%s", err.text));
        return;
    }
    struct asking *asking = mem_new(1, sizeof *asking);
    *asking = (struct asking){.job = {.run = run_asking, .done = end_asking}, .client = client, .foresight = foresight};
    work_push(director->loader, &asking->job);
}
