/* What the programs need of this folder: running the daemon, and reading files as it would. Thread: main. */
#pragma once

#include <jansson.h>

/* Runs the daemon on this configuration until it is told to stop. Returns the exit code. */
int control_run(const char *config_path);

/* Reads everything that a start would read. A reply as from the daemon: "ok", "findings", and what there is ("zones", "sites" ...). */
json_t *control_check(const char *config_path);
/* The same, printed for people. Returns the exit code. */
int control_print_check(const char *config_path);
/* Prints what control_check() replied and takes it; returns the exit code. */
int control_print_checked(json_t *reply);

struct question {
    const char *name, *type, *client; /* client: ADDR or ADDR/LEN */
};

/* Explains what a daemon on these files would answer before its first probe. A reply as from the daemon. */
json_t *control_explain(const char *config_path, const struct question *question);

/* What changing from one configuration to the other would do to clients: every endpoint counts as up, the saved orders hold, clients are weighed by
 * address space. A reply as from the daemon. */
json_t *control_plan(const char *before_path, const char *after_path);

/* What if, of files alone: every endpoint counts as up, the saved orders hold, callers are spread as addresses are. Files are read once; NULL with a
 * reply when they are unsound. sites, calls: as in the admin protocol; NULL if not given. */
struct supposed_files;
struct supposed_files *control_suppose(const char *config_path, json_t **ret_unsound);
json_t *control_what_if(const struct supposed_files *files, const char *what, const char *sites, const char *calls);
void control_suppose_end(struct supposed_files *files);
