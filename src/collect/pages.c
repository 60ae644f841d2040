/* Errands to pages: what asks the same thing in the same way is asked once. */
#include "collect/page.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static char **fill_command(const struct load_source *source, const struct place_words *words)
{
    if (source->type != LOAD_EXEC)
        return NULL;
    char **command = mem_new(source->command_count + 1, sizeof *command);
    for (size_t i = 0; i < source->command_count; i++)
        command[i] = template_fill(source->command[i], words, false);
    return command;
}

static char *copy(const char *text)
{
    return text ? mem_text(text) : NULL;
}

/* The texts of a configuration hold no control characters, so a newline parts them without doubt. */
static char *make_key(const struct page *page, const char *token_file)
{
    char *key = mem_format("%d%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s", page->type == LOAD_JSON ? LOAD_PROMETHEUS : page->type, page->verify,
                           page->url ? page->url : "", page->body ? page->body : "", page->user ? page->user : "",
                           page->secret_file ? page->secret_file : "", token_file ? "token" : "", page->ca ? page->ca : "",
                           page->file ? page->file : "");
    for (size_t i = 0; page->command && page->command[i]; i++) {
        char *longer = mem_format("%s\n%s", key, page->command[i]);
        free(key);
        key = longer;
    }
    return key;
}

static struct page *page_new(const struct load_errand *errand)
{
    const struct load_source *source = errand->source;
    struct page *page = mem_new(1, sizeof *page);
    page->type = source->type;
    page->url = template_fill(source->url, &errand->words, true);
    page->body = template_fill(source->body, &errand->words, false);
    page->file = template_fill(source->file, &errand->words, false);
    page->command = fill_command(source, &errand->words);
    page->user = copy(source->user);
    page->secret_file = copy(source->password_file ? source->password_file : source->token_file);
    page->ca = copy(source->ca);
    page->verify = source->verify;
    page->interval_ms = source->interval_ms;
    page->timeout_ms = source->timeout_ms;
    page->key = make_key(page, source->token_file);
    return page;
}

static void add_wish(struct page *page, uint32_t number, const struct load_source *source)
{
    page->wishes = mem_grow(page->wishes, &page->wish_room, page->wish_count + 1, sizeof *page->wishes);
    page->wishes[page->wish_count++] = (struct wish){
        .errand = number,
        .interval_ms = source->interval_ms,
        .metric = copy(source->metric),
        .path = copy(source->path),
        .sum = source->sum,
    };
}

void page_free(struct page *page)
{
    for (size_t i = 0; i < page->wish_count; i++) {
        free(page->wishes[i].metric);
        free(page->wishes[i].path);
    }
    for (size_t i = 0; page->command && page->command[i]; i++)
        free(page->command[i]);
    char *const texts[] = {page->key, page->url, page->body, page->user, page->secret_file, page->ca, page->file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(page->wishes);
    free(page->command);
    free(page);
}

static int by_key(const void *left, const void *right)
{
    const struct page *a = *(struct page *const *)left, *b = *(struct page *const *)right;
    return strcmp(a->key, b->key);
}

/* All wishes of `from` become those of `into`, which is asked as often and as patiently as the most demanding of them needs. */
static void unite(struct page *into, struct page *from)
{
    into->wishes = mem_grow(into->wishes, &into->wish_room, into->wish_count + from->wish_count, sizeof *into->wishes);
    memcpy(into->wishes + into->wish_count, from->wishes, from->wish_count * sizeof *from->wishes);
    into->wish_count += from->wish_count;
    into->interval_ms = from->interval_ms < into->interval_ms ? from->interval_ms : into->interval_ms;
    into->timeout_ms = from->timeout_ms > into->timeout_ms ? from->timeout_ms : into->timeout_ms;
    from->wish_count = 0;
    page_free(from);
}

struct page_set *page_set_new(const struct load_errand *errands, size_t count, uint32_t generation)
{
    struct page_set *set = mem_new(1, sizeof *set);
    set->generation = generation;
    set->pages = mem_new(count + 1, sizeof *set->pages);
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (errands[i].source->type == LOAD_PUSH)
            continue;
        set->pages[asked] = page_new(&errands[i]);
        add_wish(set->pages[asked++], (uint32_t)i, errands[i].source);
    }
    qsort(set->pages, asked, sizeof *set->pages, by_key);
    for (size_t i = 0; i < asked; i++) {
        if (set->count && strcmp(set->pages[set->count - 1]->key, set->pages[i]->key) == 0)
            unite(set->pages[set->count - 1], set->pages[i]);
        else
            set->pages[set->count++] = set->pages[i];
    }
    return set;
}

void page_set_free(struct page_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        page_free(set->pages[i]);
    free(set->pages);
    free(set);
}
