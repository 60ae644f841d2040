#include "model/scenario.h"

#include <stdlib.h>

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    for (size_t i = 0; i < scenario->place_count; i++)
        free(scenario->places[i].name);
    for (size_t i = 0; i < scenario->resolver_count; i++) {
        free(scenario->resolvers[i].name);
        free(scenario->resolvers[i].place);
    }
    for (size_t i = 0; i < scenario->agent_count; i++)
        free(scenario->agents[i].name);
    for (size_t i = 0; i < scenario->event_count; i++) {
        free(scenario->events[i].sites);
        free(scenario->events[i].host);
    }
    free(scenario->places);
    free(scenario->resolvers);
    free(scenario->agents);
    free(scenario->events);
    free(scenario->path);
    free(scenario->title);
    free(scenario->service_name);
    free(scenario);
}
