#include "model/load_place.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *template_fault(const char *text)
{
    for (const char *at = text; (at = strchr(at, '%')); at += 2)
        if (!at[1] || !strchr("ahs%", at[1]))
            return at;
    return NULL;
}

static char text_needs(const char *text, const char *known)
{
    for (const char *at = text; at && (at = strchr(at, '%')) && at[1]; at += 2)
        if (at[1] != '%' && !strchr(known, at[1]))
            return at[1];
    return 0;
}

char source_needs(const struct load_source *source, const char *known)
{
    const char *const texts[] = {source->url, source->body, source->file};
    char unknown = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !unknown; i++)
        unknown = text_needs(texts[i], known);
    for (size_t i = 0; i < source->command_count && !unknown; i++)
        unknown = text_needs(source->command[i], known);
    return unknown;
}

/* What the placeholder stands for; address is room for its text. */
static const char *word_of(char placeholder, const struct place_words *words, bool in_url, char address[ADDR_TEXT + 2])
{
    char text[ADDR_TEXT];
    switch (placeholder) {
    case 'h': return words->host ? words->host : "";
    case 's': return words->site ? words->site : "";
    case 'a': break;
    default: return "%";
    }
    address[0] = '\0';
    if (words->address.family == FAMILY_NONE)
        return address;
    addr_format(&words->address, text);
    const bool brackets = in_url && words->address.family == FAMILY_V6;
    const size_t len = strlen(text);
    memcpy(address + brackets, text, len + 1);
    if (brackets) {
        address[0] = '[';
        memcpy(address + 1 + len, "]", 2);
    }
    return address;
}

char *template_fill(const char *text, const struct place_words *words, bool in_url)
{
    char address[ADDR_TEXT + 2];
    if (!text)
        return NULL;
    char *filled = mem_text("");
    for (const char *at; *text; text = at + 2) {
        at = strchrnul(text, '%');
        const char *word = *at && at[1] ? word_of(at[1], words, in_url, address) : "";
        char *longer = mem_format("%s%.*s%s", filled, (int)(at - text), text, word);
        free(filled);
        filled = longer;
        if (!*at || !at[1])
            break;
    }
    return filled;
}

const char *load_unit_text(enum load_unit unit)
{
    static const char *const texts[] = {"calls", "cps", "percent"};
    return texts[unit];
}

const char *load_type_text(enum load_type type)
{
    static const char *const texts[] = {"prometheus", "json", "push", "file", "exec"};
    return texts[type];
}
