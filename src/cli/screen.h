/* A terminal as a whole: its size, its keys, one picture after the other on it, and as it was when the program ends. ANSI's sequences, which every
 * terminal of today knows; no more is needed than to place the cursor and to erase. Thread: main. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether standard output is a terminal that can do this. */
bool screen_is_there(void);

/* Takes the terminal over; SIGINT, SIGTERM and SIGHUP end screen_wait() from now on. */
void screen_open(void);
void screen_close(void);

/* Shows the text (lines ended by \n), cut to the terminal's size. Octets that a terminal could take for a command are shown as "?". */
void screen_show(const char *text);
/* Lines that the terminal has. */
size_t screen_lines(void);

enum { SCREEN_TIME = 0, SCREEN_END = -1, SCREEN_RESIZED = -2 };
/* Waits for so long: SCREEN_TIME, or the key that was pressed, or SCREEN_END for a signal or the end of the input, or SCREEN_RESIZED. */
int screen_wait(unsigned ms);
