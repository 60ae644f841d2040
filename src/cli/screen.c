#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE "\x1b["

enum { LINES = 24, COLUMNS = 80 /* where the terminal does not tell */ };

static struct termios before;
static bool has_keys; /* standard input is a terminal, too */
static volatile sig_atomic_t ended, resized;

bool screen_is_there(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

static void on_end(int number)
{
    ended = number;
}

static void on_resize(int number)
{
    (void)number;
    resized = 1;
}

/* The signals interrupt poll(). */
static void catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_end};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &action, NULL);
    action.sa_handler = on_resize;
    sigaction(SIGWINCH, &action, NULL);
}

/* Keys one by one and unseen. Suspending would leave the terminal to the shell as it is, so it is off. */
static void take_keys(void)
{
    has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
    if (!has_keys)
        return;
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
}

void screen_open(void)
{
    catch_signals();
    take_keys();
    fputs(ESCAPE "?1049h" ESCAPE "?25l" ESCAPE "2J", stdout); /* the other screen, without a cursor */
    fflush(stdout);
}

void screen_close(void)
{
    fputs(ESCAPE "?25h" ESCAPE "?1049l", stdout);
    fflush(stdout);
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static struct winsize size(void)
{
    struct winsize now;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) != 0 || now.ws_row == 0 || now.ws_col == 0)
        now = (struct winsize){.ws_row = LINES, .ws_col = COLUMNS};
    return now;
}

size_t screen_lines(void)
{
    return size().ws_row;
}

/* Continuation octets of UTF-8 take no column. */
static void put_line(const char *text, size_t len, unsigned columns)
{
    unsigned at = 0;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        at += (c & 0xc0) != 0x80;
        if (at > columns)
            break;
        putchar(c < 0x20 || c == 0x7f ? '?' : c);
    }
    fputs(ESCAPE "K", stdout);
}

void screen_show(const char *text)
{
    const struct winsize now = size();
    fputs(ESCAPE "H", stdout);
    for (unsigned row = 0; row < now.ws_row && *text; row++) {
        const size_t len = strcspn(text, "\n");
        fputs(row ? "\r\n" : "", stdout);
        put_line(text, len, now.ws_col);
        text += len + (text[len] == '\n');
    }
    fputs(ESCAPE "J", stdout);
    fflush(stdout);
}

int screen_wait(unsigned ms)
{
    struct pollfd keys = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    if (ended)
        return SCREEN_END;
    const int ready = poll(&keys, 1, (int)ms);
    if (ended)
        return SCREEN_END;
    if (resized || (ready < 0 && errno == EINTR)) {
        resized = 0;
        return SCREEN_RESIZED;
    }
    unsigned char key;
    if (ready <= 0)
        return SCREEN_TIME;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : SCREEN_END;
}
