/* What is waited for, on standard error: after a second, if that is a terminal, and gone when it is done. Never in what is piped or redirected.
 * Thread: main; the line is drawn by one of its own in between. */
#pragma once

/* From here on what this process tells (base/progress.h), or, with socket, the daemon there. */
void progress_line_begin(const char *socket);
/* Before anything else is printed. Without a beginning: nothing. */
void progress_line_end(void);
