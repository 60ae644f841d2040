/* What every answer says of itself, and how texts go out. */
#include "http/internal.h"

#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

/* Nothing from elsewhere, no script in a text, no frame around it, no guessing of types. */
static const struct {
    const char *name, *value;
} always[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
     "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-cache"}, /* kept, but asked for each time: the tag makes that cheap */
    {"Vary", "Authorization"},
};

const char *code_text(int code)
{
    switch (code) {
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
    }
}

void headers_add(struct evhttp_request *request, const char *type)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        evhttp_add_header(headers, always[i].name, always[i].value);
    if (type)
        evhttp_add_header(headers, "Content-Type", type);
}

static void on_referred_end(const void *octets, size_t len, void *context)
{
    (void)octets, (void)len;
    text_unref(context);
}

/* Takes the text. */
static void send_octets(struct evhttp_request *request, int code, struct text *text)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *out = evbuffer_new();
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
        char len[24];
        snprintf(len, sizeof len, "%zu", text->len);
        evhttp_add_header(headers, "Content-Length", len);
        text_unref(text);
    } else if (text->len == 0 || evbuffer_add_reference(out, text->octets, text->len, on_referred_end, text) < 0) {
        text_unref(text);
    }
    evhttp_send_reply(request, code, code_text(code), out);
    evbuffer_free(out);
}

void send_text(struct evhttp_request *request, int code, struct text *text)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    headers_add(request, text->type);
    if (code == 200)
        evhttp_add_header(headers, "ETag", text->tag);
    if (code == 200 && tag_matches(evhttp_find_header(evhttp_request_get_input_headers(request), "If-None-Match"), text->tag)) {
        evhttp_remove_header(headers, "Content-Type");
        evhttp_send_reply(request, 304, code_text(304), NULL);
        text_unref(text);
        return;
    }
    send_octets(request, code, text);
}

void send_refusal(struct evhttp_request *request, int code, const char *why)
{
    char *octets = mem_format("{\"version\":1,\"ok\":false,\"error\":\"%s\"}\n", why);
    size_t len = 0;
    while (octets[len])
        len++;
    send_text(request, code, text_new(octets, len, "application/json", false));
}
