#include "base/memory.h"
#include "model/probe_config.h"

#include <stdlib.h>

enum { TEXTS = 13 };

const char *probe_type_text(enum probe_type type)
{
    static const char *const texts[] = {"sip", "tcp", "tls", "http", "dns", "icmp", "exec", "push"};
    _Static_assert(sizeof texts / sizeof *texts == PROBE_TYPE_COUNT, "a text for each type");
    return texts[type];
}

/* Every text of a probe but the words of a command. */
static void texts_of(struct probe *probe, char **ret_texts[TEXTS])
{
    char **const texts[TEXTS] = {&probe->name,
                                 &probe->from,
                                 &probe->path,
                                 &probe->origin,
                                 &probe->tls.name,
                                 &probe->tls.ca,
                                 &probe->tls.certificate,
                                 &probe->tls.key,
                                 &probe->dns.query,
                                 &probe->push.file,
                                 &probe->http.host,
                                 &probe->http.match,
                                 &probe->http.match_regex};
    for (size_t i = 0; i < TEXTS; i++)
        ret_texts[i] = texts[i];
}

void probe_own_texts(struct probe *probe)
{
    char **texts[TEXTS], **words = mem_new(probe->exec.word_count + 1, sizeof *words);
    texts_of(probe, texts);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = *texts[i] ? mem_text(*texts[i]) : NULL;
    for (size_t i = 0; i < probe->exec.word_count; i++)
        words[i] = mem_text(probe->exec.command[i]);
    probe->exec.command = words;
}

void probe_release(struct probe *probe)
{
    char **texts[TEXTS];
    texts_of(probe, texts);
    for (size_t i = 0; i < TEXTS; i++)
        free(*texts[i]);
    for (size_t i = 0; i < probe->exec.word_count; i++)
        free(probe->exec.command[i]);
    free(probe->exec.command);
}
