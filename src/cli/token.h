/* `sipsteer token`: who may do what over HTTP, in the file that http.tokens names. Thread: main. */
#pragma once

/* The whole command line, of which the first word that is no option is "token". Returns the exit code. */
int token_main(int argc, char **argv);
