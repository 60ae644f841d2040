#include "base/memory.h"
#include "model/probe_config.h"

#include <stdlib.h>

enum { TEXTS = 8 };

const char *probe_type_text(enum probe_type type)
{
    static const char *const texts[] = {"sip", "tcp", "tls"};
    _Static_assert(sizeof texts / sizeof *texts == PROBE_TYPE_COUNT, "a text for each type");
    return texts[type];
}

/* Every text of a probe. */
static void texts_of(struct probe *probe, char **ret_texts[TEXTS])
{
    char **const texts[TEXTS] = {
        &probe->name,   &probe->from, &probe->path, &probe->origin, &probe->tls.name, &probe->tls.ca, &probe->tls.certificate,
        &probe->tls.key};
    for (size_t i = 0; i < TEXTS; i++)
        ret_texts[i] = texts[i];
}

void probe_own_texts(struct probe *probe)
{
    char **texts[TEXTS];
    texts_of(probe, texts);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = *texts[i] ? mem_text(*texts[i]) : NULL;
}

void probe_release(struct probe *probe)
{
    char **texts[TEXTS];
    texts_of(probe, texts);
    for (size_t i = 0; i < TEXTS; i++)
        free(*texts[i]);
}
