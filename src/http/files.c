#include "http/files.h"

#include "base/memory.h"
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>

/* A page stands under its name without the ending, too. */
static const struct {
    const char *path, *file;
} pages[] = {{"/", "/index.html"}, {"/status", "/status.html"}};

static const struct web_file *find(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0)
            path = pages[i].file;
    for (size_t i = 0; i < web_file_count; i++)
        if (strcmp(web_files[i].path, path) == 0)
            return &web_files[i];
    return NULL;
}

static bool is_of_public_page(const struct web_file *file)
{
    return strncmp(file->path, "/status.", 8) == 0;
}

void files_init(struct http *http)
{
    http->files = mem_new(web_file_count + 1, sizeof *http->files);
    for (size_t i = 0; i < web_file_count; i++) {
        const struct web_file *file = &web_files[i];
        http->files[i] = text_new((char *)file->from, (size_t)(file->to - file->from), file->type, true);
    }
}

void files_release(struct http *http)
{
    for (size_t i = 0; http->files && i < web_file_count; i++)
        text_unref(http->files[i]);
    free(http->files);
}

bool files_answer(struct http *http, struct evhttp_request *request, const char *path)
{
    const struct web_file *file = find(path);
    if (!file || (is_of_public_page(file) && !http->access->public_status))
        return false;
    const enum evhttp_cmd_type command = evhttp_request_get_command(request);
    if (command == EVHTTP_REQ_GET || command == EVHTTP_REQ_HEAD) {
        struct text *text = http->files[file - web_files];
        text->refs++;
        send_text(request, 200, text);
        return true;
    }
    evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
    send_refusal(request, 405, "this is read with GET");
    return true;
}
