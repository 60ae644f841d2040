/* `sipsteer top`: what is asked and answered, live. Thread: main. */
#pragma once

/* The whole command line, of which the first word that is no option is "top". Returns the exit code. */
int top_main(int argc, char **argv);
