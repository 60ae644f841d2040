/* A source's texts for one place: the placeholders %a (the address of the endpoint), %h (its host), %s (the site) and %% in URL, body, file and
 * command. Pure. Thread: any. */
#pragma once

#include "base/addr.h"
#include "model/load_config.h"

/* What the placeholders stand for; FAMILY_NONE and NULL where there is nothing. */
struct place_words {
    struct addr address;
    const char *host; /* without its final dot */
    const char *site;
};

/* Where something that begins with % and is no placeholder stands, or NULL. */
const char *template_fault(const char *text);

/* The first placeholder in the source's texts that is not in known ("ahs"), or 0. */
char source_needs(const struct load_source *source, const char *known);

/* The text with its placeholders filled in; an IPv6 address stands in brackets when in_url. The caller frees; NULL for NULL. */
char *template_fill(const char *text, const struct place_words *words, bool in_url);
