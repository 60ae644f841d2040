#include "probe/sip_message.h"

#include <string.h>
#include <strings.h>

typedef struct sip_span span; /* short, for a file that handles nothing else */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Linear white space, as it is left inside a folded value (RFC 3261 7.3.1). */
static bool is_space(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
    const unsigned char octet = (unsigned char)c;
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
}

/* RFC 3261 25.1, token. */
static bool is_token(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && strchr("-.!%*_+`'~", c) != NULL);
}

static span rest_of(span s, size_t from)
{
    return from >= s.len ? (span){s.at + s.len, 0} : (span){s.at + from, s.len - from};
}

static span trimmed(span s)
{
    while (s.len && is_space(s.at[0]))
        s = rest_of(s, 1);
    while (s.len && is_space(s.at[s.len - 1]))
        s.len--;
    return s;
}

static bool is_name(span s, const char *name)
{
    return s.len == strlen(name) && strncasecmp(s.at, name, s.len) == 0;
}

/* Where the first octet out of stops stands outside quoted strings (RFC 3261 25.1); s.len if nowhere. */
static size_t find_unquoted(span s, const char *stops)
{
    bool quoted = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '"')
            quoted = !quoted;
        else if (quoted && s.at[i] == '\\')
            i++;
        else if (!quoted && s.at[i] != 0 && strchr(stops, s.at[i]))
            return i;
    }
    return s.len;
}

/* The value of one of the ";name=value" at s, empty if there is none. */
static span parameter(span s, const char *name)
{
    while (s.len) {
        const size_t semicolon = find_unquoted(s, ";");
        const span piece = {s.at, semicolon};
        const size_t equals = find_unquoted(piece, "=");
        if (is_name(trimmed((span){piece.at, equals}), name))
            return trimmed(rest_of(piece, equals + 1));
        s = rest_of(s, semicolon + 1);
    }
    return (span){s.at, 0};
}

/* The digits at the front of s as a number, at most UINT32_MAX; how many there are. */
static size_t leading_number(span s, uint32_t *ret_number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < s.len && is_digit(s.at[i]); i++) {
        value = value * 10 + (uint64_t)(s.at[i] - '0');
        if (value > UINT32_MAX)
            value = UINT32_MAX;
    }
    *ret_number = (uint32_t)value;
    return i;
}

static bool read_via(span value, struct sip_message *message)
{
    /* One header may hold several values (RFC 3261 7.3.1). */
    while (true) {
        const size_t comma = find_unquoted(value, ",");
        if (message->vias++ == 0) {
            const span first = {value.at, comma};
            message->branch = parameter(rest_of(first, find_unquoted(first, ";") + 1), "branch");
        }
        if (comma == value.len)
            return true;
        value = rest_of(value, comma + 1);
    }
}

static bool read_from(span value, struct sip_message *message)
{
    /* Parameters within <> belong to the URI; without <> all of them belong to the header (RFC 3261 20). */
    const size_t open = find_unquoted(value, "<");
    if (open < value.len) {
        const char *close = memchr(value.at + open, '>', value.len - open);
        if (close == NULL)
            return false;
        value = rest_of(value, (size_t)(close - value.at) + 1);
    }
    message->from_tag = parameter(rest_of(value, find_unquoted(value, ";") + 1), "tag");
    return true;
}

static bool read_call_id(span value, struct sip_message *message)
{
    message->call_id = value;
    return value.len > 0;
}

static bool read_cseq(span value, struct sip_message *message)
{
    const size_t digits = leading_number(value, &message->cseq);
    message->method = trimmed(rest_of(value, digits));
    /* Below 2^31 (RFC 3261 8.1.1.5), and white space between the two. */
    return digits && message->cseq < 1u << 31 && message->method.len && is_space(value.at[digits]);
}

static bool read_length(span value, struct sip_message *message)
{
    uint32_t length;
    if (leading_number(value, &length) != value.len || value.len == 0)
        return false;
    message->has_length = true;
    message->length = length;
    return true;
}

/* delta-seconds, then perhaps a comment and parameters (RFC 3261 20.33). An unreadable one is as good as none. */
static bool read_retry_after(span value, struct sip_message *message)
{
    uint32_t seconds;
    const size_t digits = leading_number(value, &seconds);
    if (digits && (digits == value.len || is_space(value.at[digits]) || strchr("(;", value.at[digits])))
        message->retry_after_s = seconds;
    return true;
}

/* The headers that we read. A second one of a kind that must be alone makes the message ambiguous, hence bad. */
static const struct header {
    const char *name, *compact; /* RFC 3261 7.3.3 */
    bool (*read)(span value, struct sip_message *message);
    bool many;
} headers[] = {
    {"Via", "v", read_via, true},
    {"From", "f", read_from, false},
    {"Call-ID", "i", read_call_id, false},
    {"CSeq", NULL, read_cseq, false},
    {"Content-Length", "l", read_length, false},
    {"Retry-After", NULL, read_retry_after, true},
};

/* The next line without its end, which is LF or CRLF; *rest moves behind it. False at the end or where a control character stands. */
static bool next_line(span *rest, span *ret_line)
{
    const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
    if (end == NULL)
        return false;
    span line = {rest->at, (size_t)(end - rest->at)};
    *rest = rest_of(*rest, line.len + 1);
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    for (size_t i = 0; i < line.len; i++)
        if (is_control(line.at[i]))
            return false;
    *ret_line = line;
    return true;
}

/* A header with all its folded lines. An empty line, the end of the head, gives an empty span. */
static bool next_header(span *rest, span *ret_header)
{
    span header, more;
    if (!next_line(rest, &header))
        return false;
    while (header.len && rest->len && is_blank(rest->at[0])) {
        if (!next_line(rest, &more))
            return false;
        header.len = (size_t)(more.at + more.len - header.at);
    }
    *ret_header = header;
    return true;
}

static bool read_header(span header, struct sip_message *message, unsigned *seen)
{
    const char *colon = memchr(header.at, ':', header.len);
    if (colon == NULL || is_blank(header.at[0]))
        return false;
    const span name = trimmed((span){header.at, (size_t)(colon - header.at)});
    for (size_t i = 0; i < name.len; i++)
        if (!is_token(name.at[i]))
            return false;
    const span value = trimmed(rest_of(header, (size_t)(colon - header.at) + 1));
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        const struct header *known = &headers[i];
        if (!is_name(name, known->name) && !(known->compact && is_name(name, known->compact)))
            continue;
        if (!known->many && *seen >> i & 1)
            return false;
        *seen |= 1u << i;
        return known->read(value, message);
    }
    return name.len > 0;
}

/* "SIP/2.0 200 OK" or "OPTIONS sip:us SIP/2.0" (RFC 3261 7.1, 7.2); the version is compared without regard to case. */
static enum sip_kind read_start_line(span line, unsigned *ret_status)
{
    static const char version[] = "SIP/2.0";
    const size_t len = sizeof version - 1;
    *ret_status = 0;
    if (line.len >= len + 4 && strncasecmp(line.at, version, len) == 0 && line.at[len] == ' ') {
        const span code = rest_of(line, len + 1);
        uint32_t status;
        if (leading_number(code, &status) != 3 || status < 100 || status > 699 || (code.len > 3 && code.at[3] != ' '))
            return SIP_BAD;
        *ret_status = status;
        return SIP_RESPONSE;
    }
    const bool request = line.len > len + 4 && is_token(line.at[0]) && strncasecmp(line.at + line.len - len, version, len) == 0 &&
                         line.at[line.len - len - 1] == ' ';
    return request ? SIP_OTHER : SIP_BAD;
}

enum sip_kind sip_message_read(const char *data, size_t len, struct sip_message *ret_message)
{
    span rest = {data, len}, line;
    struct sip_message message = {0};
    unsigned seen = 0;
    do { /* empty lines before a message are to be ignored (RFC 3261 7.5) */
        if (!next_line(&rest, &line))
            return SIP_BAD;
    } while (line.len == 0);
    const enum sip_kind kind = read_start_line(line, &message.status);
    if (kind == SIP_BAD)
        return SIP_BAD;
    while (true) {
        if (!next_header(&rest, &line))
            return SIP_BAD;
        if (line.len == 0)
            break;
        if (!read_header(line, &message, &seen))
            return SIP_BAD;
    }
    message.head = (size_t)(rest.at - data);
    *ret_message = message;
    return kind;
}

enum sip_kind sip_datagram_read(const char *data, size_t len, struct sip_message *ret_message)
{
    const enum sip_kind kind = sip_message_read(data, len, ret_message);
    if (kind != SIP_BAD && ret_message->has_length && ret_message->length > len - ret_message->head)
        return SIP_BAD;
    return kind;
}

size_t sip_head_length(const char *data, size_t len)
{
    for (const char *at = data; (at = memchr(at, '\n', len - (size_t)(at - data))) != NULL;) {
        at++;
        const size_t left = len - (size_t)(at - data);
        if (left >= 1 && at[0] == '\n')
            return (size_t)(at - data) + 1;
        if (left >= 2 && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at - data) + 2;
        if (left == 0)
            break;
    }
    return 0;
}

bool sip_head_plausible(const char *data, size_t len, size_t checked)
{
    unsigned status;
    for (size_t i = checked; i < len; i++)
        if (is_control(data[i]) && data[i] != '\r' && data[i] != '\n')
            return false;
    span rest = {data, len}, line;
    if (memchr(data, '\n', len) == NULL)
        return true;
    return next_line(&rest, &line) && read_start_line(line, &status) != SIP_BAD;
}
