#include "control/what_if.h"

#include "control/client.h"
#include "control/foretell.h"
#include "control/protocol.h"

static void reply(void *context, json_t *told, const char *error)
{
    json_t *object = told ? reply_ok() : reply_error("%s", error);
    if (told)
        json_object_set_new(object, "what_if", told);
    client_reply(context, object);
}

void what_if_begin(struct director *director, struct client *client, const struct request *request)
{
    foretell(director, request->what, request->sites, request->calls, reply, client);
}
