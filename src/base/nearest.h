/* "Did you mean ...?": which name somebody probably meant to write. Thread: any (values). */
#pragma once

/* The closer of best (may be NULL) and candidate to what was written, or NULL when neither is close: more than three letters or a third of
 * them differ. Called in turn with each candidate and the result so far. */
const char *closer_name(const char *written, const char *best, const char *candidate);
