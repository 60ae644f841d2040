#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic enum log_level highest = LOG_NOTICE;

void log_set_level(enum log_level level)
{
    highest = level;
}

static void line(enum log_level level, const char *format, va_list args)
{
    static const struct {
        const char *plain, *journal; /* sd-daemon(3) */
    } prefix[] = {{"error: ", "<3>"}, {"warning: ", "<4>"}, {"", "<5>"}, {"debug: ", "<7>"}};
    if (level > highest)
        return;
    char text[2048];
    const char *start = getenv("JOURNAL_STREAM") ? prefix[level].journal : prefix[level].plain;
    const size_t head = strlen(start);
    memcpy(text, start, head);
    const int made = vsnprintf(text + head, sizeof text - head - 1, format, args);
    size_t len = head + (made < 0 ? 0 : (size_t)made);
    if (len > sizeof text - 2)
        len = sizeof text - 2;
    text[len++] = '\n';
    if (write(STDERR_FILENO, text, len) < 0) {
        /* nowhere left to say it */
    }
}

#define LOG_AT(name, level)                                                                                                                \
    void name(const char *format, ...)                                                                                                     \
    {                                                                                                                                      \
        va_list args;                                                                                                                      \
        va_start(args, format);                                                                                                            \
        line(level, format, args);                                                                                                         \
        va_end(args);                                                                                                                      \
    }

LOG_AT(log_error, LOG_ERROR)
LOG_AT(log_warning, LOG_WARNING)
LOG_AT(log_notice, LOG_NOTICE)
LOG_AT(log_debug, LOG_DEBUG)
