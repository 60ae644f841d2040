#include "control/certificate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/folder.h"
#include "serve/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAY_S = 86400, DATE_TEXT = 32 };

static uint64_t print_of(const struct tls_config *tls)
{
    return file_print(tls->key, file_print(tls->certificate, 1)) | 1;
}

static const char *date_text(int64_t at_s, char out[DATE_TEXT])
{
    const time_t at = (time_t)at_s;
    struct tm utc;
    strftime(out, DATE_TEXT, "%F %TZ", gmtime_r(&at, &utc));
    return out;
}

char *certificate_end_text(int64_t end_s, int64_t now_s)
{
    char date[DATE_TEXT];
    const long long days = ((long long)(end_s > now_s ? end_s - now_s : now_s - end_s) + DAY_S / 2) / DAY_S;
    return end_s > now_s ? mem_format("ends in %lld days (%s)", days, date_text(end_s, date))
                         : mem_format("has ended %lld days ago (%s)", days, date_text(end_s, date));
}

static bool ends_soon(int64_t end_s)
{
    return end_s - clock_wall_s() < CERTIFICATE_ENDS_SOON_S;
}

void certificate_read(const struct tls_config *tls, struct certificate_reading *ret_reading)
{
    *ret_reading = (struct certificate_reading){.print = print_of(tls)};
    ret_reading->credentials = credentials_load(tls->certificate, tls->key, CREDENTIALS_DNS, &ret_reading->err);
    if (ret_reading->credentials)
        ret_reading->end_s = credentials_end_s(ret_reading->credentials);
}

bool certificate_take(struct certificate *certificate, struct certificate_reading *reading, const struct tls_config *tls,
                      struct server *server)
{
    certificate->print = reading->print;
    certificate->loaded_ms = clock_ms();
    if (reading->credentials == NULL) {
        snprintf(certificate->alarm, sizeof certificate->alarm, "certificate: %.500s; the one before is still shown", reading->err.text);
        return false;
    }
    char *end = certificate_end_text(reading->end_s, clock_wall_s());
    if (ends_soon(reading->end_s))
        log_warning("certificate %s %s", tls->certificate, end);
    else if (reading->end_s != certificate->end_s || certificate->alarm[0])
        log_notice("certificate %s %s", tls->certificate, end);
    free(end);
    certificate->end_s = reading->end_s;
    certificate->alarm[0] = '\0';
    server_set_credentials(server, reading->credentials);
    reading->credentials = NULL;
    return true;
}

bool certificate_due(const struct certificate *certificate, const struct tls_config *tls)
{
    return print_of(tls) != certificate->print || clock_ms() - certificate->loaded_ms >= CREDENTIALS_AGE_S * 1000ull;
}

void certificate_inspect(const struct config *config, struct report *report)
{
    const struct tls_config *tls = &config->server.tls;
    struct certificate_reading reading;
    if (tls->certificate == NULL)
        return;
    certificate_read(tls, &reading);
    if (reading.credentials == NULL) {
        report_error(report, config->path, "server.tls: %s", reading.err.text);
    } else if (ends_soon(reading.end_s)) {
        char *end = certificate_end_text(reading.end_s, clock_wall_s());
        report_warning(report, config->path, "server.tls.certificate: %s %s", tls->certificate, end);
        free(end);
    }
    credentials_free(reading.credentials);
}

json_t *certificate_end_alarm(const struct certificate *certificate, const struct tls_config *tls)
{
    if (certificate->end_s == 0 || !ends_soon(certificate->end_s))
        return NULL;
    char *end = certificate_end_text(certificate->end_s, clock_wall_s());
    json_t *alarm = json_sprintf("certificate %s %s", tls->certificate ? tls->certificate : "of TLS", end);
    free(end);
    return alarm;
}
