/* `sipsteer simulate`: a scenario in virtual time, under one policy or all. Thread: main. */
#pragma once

/* The whole command line, of which the first word that is no option is "simulate". Returns the exit code. */
int simulate_main(int argc, char **argv);
