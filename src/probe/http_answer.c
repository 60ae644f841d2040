#include "probe/http_answer.h"

#include "base/memory.h"
#include "probe/outcome.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_BUSY = 503 };

bool http_answer_head(struct http_answer *answer, const char *octets, size_t len)
{
    (void)octets;
    answer->head_len += len;
    answer->head_full |= answer->head_len > HTTP_HEAD_MAX;
    return !answer->head_full;
}

bool http_answer_body(struct http_answer *answer, const char *octets, size_t len, bool keep)
{
    const size_t room = HTTP_BODY_MAX - answer->body_len, taken = len < room ? len : room;
    if (keep && taken) {
        answer->body = mem_grow(answer->body, &answer->body_room, answer->body_len + taken + 1, 1);
        memcpy(answer->body + answer->body_len, octets, taken);
        answer->body[answer->body_len + taken] = '\0'; /* for regexec() under a sanitizer, which does not know REG_STARTEND */
    }
    answer->body_len += taken;
    answer->body_full |= taken < len;
    return !answer->body_full;
}

void http_answer_release(struct http_answer *answer)
{
    free(answer->body);
    *answer = (struct http_answer){0};
}

static bool status_is_alive(const struct probe *probe, unsigned status)
{
    for (size_t i = 0; i < probe->alive_count; i++)
        if (probe->alive[i] == status)
            return true;
    return probe->alive_count == 0 && status >= 200 && status < 400;
}

static bool found(const struct http_answer *answer, const struct http_pattern *pattern)
{
    if (!pattern->regex)
        return memmem(answer->body ? answer->body : "", answer->body_len, pattern->text, strlen(pattern->text)) != NULL;
    /* What a regular expression costs grows faster than the text: 64 KiB can take it 20 s, and the loop waits. A NUL is an octet like others. */
    const size_t looked_at = answer->body_len < HTTP_REGEX_MAX ? answer->body_len : HTTP_REGEX_MAX;
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)looked_at};
    return regexec(&pattern->compiled, answer->body ? answer->body : "", 1, &range, REG_STARTEND) == 0;
}

struct observation http_answer_judge(const struct http_answer *answer, const struct probe *probe, const struct http_pattern *pattern)
{
    struct observation seen = {.outcome = OUTCOME_FAILED, .reason = REASON_BAD_STATUS, .status = (uint16_t)answer->status};
    if (status_is_alive(probe, answer->status)) {
        const bool matches = !http_pattern_wanted(pattern) || found(answer, pattern);
        seen.outcome = matches ? OUTCOME_ALIVE : OUTCOME_FAILED;
        seen.reason = matches ? REASON_ANSWERED : REASON_NO_MATCH;
        return seen;
    }
    if (answer->status == STATUS_BUSY) {
        seen.outcome = OUTCOME_BUSY;
        seen.reason = REASON_BUSY;
        seen.retry_after_s = answer->retry_after_s;
        return seen;
    }
    seen = observation_failed_as(REASON_BAD_STATUS, "HTTP %u", answer->status);
    seen.status = (uint16_t)answer->status;
    return seen;
}

bool http_pattern_wanted(const struct http_pattern *pattern)
{
    return pattern->text != NULL;
}

void http_pattern_release(struct http_pattern *pattern)
{
    if (pattern->text && pattern->regex)
        regfree(&pattern->compiled);
    free(pattern->text);
    *pattern = (struct http_pattern){0};
}

bool http_pattern_set(struct http_pattern *pattern, const struct http_probe *how)
{
    const char *text = how->match_regex ? how->match_regex : how->match;
    const bool regex = how->match_regex != NULL;
    if (text == NULL ? pattern->text == NULL : pattern->text && pattern->regex == regex && strcmp(pattern->text, text) == 0)
        return true;
    http_pattern_release(pattern);
    if (text == NULL)
        return true;
    if (regex && regcomp(&pattern->compiled, text, REG_EXTENDED | REG_NEWLINE) != 0)
        return false;
    pattern->regex = regex;
    pattern->text = mem_text(text);
    return true;
}

enum reason http_reason_of(int curl_code, int why)
{
    switch ((CURLcode)curl_code) {
    case CURLE_COULDNT_CONNECT: return reason_of_errno(why);
    case CURLE_OPERATION_TIMEDOUT: return REASON_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE: return REASON_CLOSED;
    case CURLE_RECV_ERROR: return why && reason_of_errno(why) != REASON_LOCAL ? reason_of_errno(why) : REASON_BAD_ANSWER;
    case CURLE_SSL_CONNECT_ERROR: return REASON_TLS;
    case CURLE_PEER_FAILED_VERIFICATION: return REASON_CERTIFICATE;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return REASON_LOCAL;
    default: return REASON_BAD_ANSWER;
    }
}
