/* The HTTP part of a WebSocket: one request, one answer's head (RFC 6455 4.1, RFC 7118 4). */
#include "probe/websocket.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGEST = 20, ACCEPT_TEXT = 28 + 1, RETRY_AFTER_MAX = 86400 };

static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 1.3 */

void websocket_begin(struct websocket *ws, const uint8_t random[16])
{
    uint8_t *data = ws->data;
    const size_t room = ws->room;
    *ws = (struct websocket){.data = data, .room = room};
    EVP_EncodeBlock((unsigned char *)ws->key, random, 16);
}

size_t websocket_upgrade(const struct websocket *ws, const char *host, const char *path, const char *origin, char *out, size_t room)
{
    const int len = snprintf(out, room,
                             "GET %s HTTP/1.1\r\n"
                             "Host: %s\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Key: %s\r\n"
                             "Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: sip\r\n"
                             "%s%s%s"
                             "User-Agent: sipsteer/" SIPSTEER_VERSION "\r\n"
                             "\r\n",
                             path, host, ws->key, origin ? "Origin: " : "", origin ? origin : "", origin ? "\r\n" : "");
    return len < 0 || (size_t)len >= room ? 0 : (size_t)len;
}

static void accept_text(const char *key, char out[ACCEPT_TEXT])
{
    char text[WS_KEY_TEXT + sizeof magic];
    unsigned char digest[EVP_MAX_MD_SIZE];
    const int len = snprintf(text, sizeof text, "%s%s", key, magic);
    out[0] = '\0';
    if (EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha1(), NULL) == 1)
        EVP_EncodeBlock((unsigned char *)out, digest, DIGEST);
}

struct span {
    const char *at;
    size_t len;
};

static struct span trimmed(struct span span)
{
    while (span.len && (span.at[0] == ' ' || span.at[0] == '\t'))
        span.at++, span.len--;
    while (span.len && (span.at[span.len - 1] == ' ' || span.at[span.len - 1] == '\t'))
        span.len--;
    return span;
}

static bool is_text(struct span span, const char *text)
{
    return span.len == strlen(text) && strncasecmp(span.at, text, span.len) == 0;
}

/* Whether a comma-separated list has the token. */
static bool has_token(struct span list, const char *token)
{
    while (list.len) {
        const char *comma = memchr(list.at, ',', list.len);
        const size_t len = comma ? (size_t)(comma - list.at) : list.len;
        if (is_text(trimmed((struct span){list.at, len}), token))
            return true;
        list.at += len + (comma != NULL);
        list.len -= len + (comma != NULL);
    }
    return false;
}

/* What an answer's head says of itself. */
struct answer {
    unsigned status;
    struct span upgrade, connection, accept, protocol, extensions, location, retry_after;
};

static unsigned status_of(struct span line)
{
    unsigned status = 0;
    if (line.len < 12 || memcmp(line.at, "HTTP/1.1 ", 9) != 0)
        return 0;
    for (size_t i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line.at[i]))
            return 0;
        status = status * 10 + (unsigned)(line.at[i] - '0');
    }
    return line.len == 12 || line.at[12] == ' ' ? status : 0;
}

/* False: it is no header. */
static bool take_header(struct span line, struct answer *answer)
{
    const struct {
        const char *name;
        struct span *to;
    } wanted[] = {{"Upgrade", &answer->upgrade},
                  {"Connection", &answer->connection},
                  {"Sec-WebSocket-Accept", &answer->accept},
                  {"Sec-WebSocket-Protocol", &answer->protocol},
                  {"Sec-WebSocket-Extensions", &answer->extensions},
                  {"Location", &answer->location},
                  {"Retry-After", &answer->retry_after}};
    const char *colon = memchr(line.at, ':', line.len);
    if (colon == NULL || colon == line.at)
        return false;
    const struct span name = {line.at, (size_t)(colon - line.at)};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (is_text(name, wanted[i].name))
            *wanted[i].to = trimmed((struct span){colon + 1, line.len - name.len - 1});
    return true;
}

static bool read_answer(const char *head, size_t len, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    const char *end = head + len - 2; /* the empty line */
    for (const char *at = head; at < end;) {
        const char *line_end = memmem(at, (size_t)(head + len - at), "\r\n", 2);
        const struct span line = {at, (size_t)(line_end - at)};
        if (at == head)
            ret_answer->status = status_of(line);
        else if (!take_header(line, ret_answer))
            return false;
        at = line_end + 2;
    }
    return ret_answer->status != 0;
}

static uint32_t seconds_of(struct span text)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < text.len && isdigit((unsigned char)text.at[i]) && seconds < RETRY_AFTER_MAX; i++)
        seconds = seconds * 10 + (uint32_t)(text.at[i] - '0');
    return seconds;
}

static enum ws_kind refused(struct websocket *ws, const struct answer *answer)
{
    ws->status = answer->status;
    ws->retry_after_s = seconds_of(answer->retry_after);
    if (answer->location.len)
        snprintf(ws->detail, sizeof ws->detail, "the upgrade is answered with %u to %.*s", answer->status, (int)answer->location.len,
                 answer->location.at);
    else
        snprintf(ws->detail, sizeof ws->detail, "the upgrade is answered with %u", answer->status);
    return WS_REFUSED;
}

static enum ws_kind bad(struct websocket *ws, const char *why)
{
    snprintf(ws->detail, sizeof ws->detail, "%s", why);
    return WS_BAD;
}

enum ws_kind websocket_upgrade_read(struct websocket *ws, const char *head, size_t len)
{
    struct answer answer;
    char accept[ACCEPT_TEXT];
    if (!read_answer(head, len, &answer))
        return bad(ws, "the upgrade is not answered in HTTP/1.1");
    if (answer.status != 101)
        return refused(ws, &answer);
    accept_text(ws->key, accept);
    if (!has_token(answer.upgrade, "websocket") || !has_token(answer.connection, "upgrade"))
        return bad(ws, "upgraded to something else");
    if (answer.accept.len != strlen(accept) || memcmp(answer.accept.at, accept, answer.accept.len) != 0)
        return bad(ws, "Sec-WebSocket-Accept is not that of our key");
    if (!is_text(answer.protocol, "sip"))
        return bad(ws, "Sec-WebSocket-Protocol is not sip");
    return answer.extensions.len ? bad(ws, "an extension that was not asked for") : WS_UPGRADED;
}
