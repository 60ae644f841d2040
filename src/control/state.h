/* What outlives the process: STATE/overrides.json, verdicts.json, serials.json, prices.json and cookie-secrets.json, written whole and atomically (a reader or a crash sees the old
 * file or the new one). Unsound files are warned about, moved aside as *.bad and never fatal. Thread: any; the files have one writer at a time. */
#pragma once

#include "base/report.h"
#include "control/overrides.h"
#include "control/saved.h"
#include "control/secrets.h"
#include "control/serials.h"

#include <sys/types.h>

enum { SAVED_MAX_AGE_S = 3600 }; /* older verdicts say nothing any more */

/* Makes the folder if it is missing and tries whether files can be written there. */
bool state_open(const char *folder, struct error *err);

/* The text of the files, to be freed. */
char *state_overrides_text(const struct overrides *overrides);
char *state_verdicts_text(const struct saved *saved, int64_t wall_s);
char *state_secrets_text(const struct own_secrets *own);
char *state_serials_text(const struct serials *serials);

enum state_file { STATE_OVERRIDES, STATE_VERDICTS, STATE_SECRETS, STATE_SERIALS, STATE_PRICES, STATE_HABITS, STATE_FILES };
/* Secrets are for the owner alone (mode 0600). */
bool state_write(const char *folder, enum state_file file, const char *text, struct error *err);

/* The same for another file in any folder. */
bool state_write_file(const char *folder, const char *name, mode_t mode, const char *text, struct error *err);

/* Reads what is there; warnings go to report. set_aside: move unsound files away (the daemon), or leave them (a mere reader). Orders that have ended
 * are left out. False: some orders, or all, could not be read; a file with sound ones among them is copied aside, and stays until it is written. */
bool state_read_overrides(const char *folder, bool set_aside, uint64_t now_ms, int64_t wall_s, struct report *report,
                          struct overrides *ret_overrides);
void state_read_verdicts(const char *folder, bool set_aside, int64_t wall_s, struct report *report, struct saved *ret_saved);
/* None (count 0) when there are none, or unsound ones. */
void state_read_secrets(const char *folder, bool set_aside, struct report *report, struct own_secrets *ret_own);
/* Unsound files are warned of and left: the next write mends them. */
void state_read_serials(const char *folder, struct report *report, struct serials *ret_serials);
/* The text of the prices for balance_restore(), to be freed; NULL: there are none. */
char *state_read_prices(const char *folder);
/* The same for habits_read(). */
char *state_read_habits(const char *folder);
