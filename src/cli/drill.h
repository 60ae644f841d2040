/* `sipsteer drill` and `sipsteer drills`. Thread: main. */
#pragma once

/* The whole command line, of which the first word that is no option is "drill" or "drills". Returns the exit code: of a drill 0 only if it was passed. */
int drill_main(int argc, char **argv);
