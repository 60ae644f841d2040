/* The certificate of DNS over TLS: read at the start, with every reload, and when its files change. What cannot be used changes nothing: the one before
 * stays, with an alarm. For control/ only. Thread: the director's, but certificate_read(). */
#pragma once

#include "base/report.h"
#include "control/protocol.h"
#include "model/config.h"
#include "serve/serve.h"

enum { CERTIFICATE_ENDS_SOON_S = 14 * 86400 };

/* What one attempt has brought. */
struct certificate_reading {
    struct credentials *credentials; /* NULL: it failed */
    uint64_t print;                  /* of the files as they were before they were read */
    int64_t end_s;
    struct error err;
};

struct certificate {
    uint64_t print; /* of the files that were tried last; 0: none were */
    int64_t end_s;  /* when what is shown ends; 0: nothing is shown */
    uint64_t loaded_ms;
    bool loading;
    char alarm[600]; /* "", or why the newer files are not in use */
};

/* "ends in 3 days (2027-01-02 03:04:05Z)"; the caller frees. */
char *certificate_end_text(int64_t end_s, int64_t now_s);

/* Any thread. tls has a certificate. */
void certificate_read(const struct tls_config *tls, struct certificate_reading *ret_reading);
/* Gives the server what was read, and logs it; false: it could not be read, the alarm is set. */
bool certificate_take(struct certificate *certificate, struct certificate_reading *reading, const struct tls_config *tls,
                      struct server *server);
/* Whether the files are others than those tried last, or it is time for new ticket keys. */
bool certificate_due(const struct certificate *certificate, const struct tls_config *tls);

/* An error if it cannot be used, a warning if it ends soon; nothing without TLS. For a check of the configuration. */
void certificate_inspect(const struct config *config, struct report *report);
/* An alarm for the list of them if it ends soon, or NULL. */
json_t *certificate_end_alarm(const struct certificate *certificate, const struct tls_config *tls);
