#include "probe/report_text.h"

#include "probe/detail.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool report_read(const char *text, size_t len, struct endpoint_report *ret_push)
{
    static const enum verdict verdicts[] = {VERDICT_UP, VERDICT_DRAINING, VERDICT_DOWN};
    *ret_push = (struct endpoint_report){.verdict = VERDICT_UNKNOWN};
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        const char *word = verdict_text(verdicts[i]);
        size_t at = strlen(word);
        if (len < at || memcmp(text, word, at) != 0 || (len > at && !is_blank(text[at]) && text[at] != '\n' && text[at] != '\r'))
            continue;
        while (at < len && is_blank(text[at]))
            at++;
        ret_push->verdict = verdicts[i];
        detail_take(ret_push->detail, text + at, len - at);
        return true;
    }
    detail_take(ret_push->detail, text, len);
    return false;
}
