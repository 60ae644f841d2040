/* `sipsteer history`: what has happened, asked of the daemon, or read from the audit file where none answers. Thread: main. */
#pragma once

/* The whole command line, of which the first word that is no option is "history". Returns the exit code. */
int history_main(int argc, char **argv);
