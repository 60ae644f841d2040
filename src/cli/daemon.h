/* Which daemon is meant. Thread: main. */
#pragma once

/* The socket to ask: that of the daemon with this configuration (NULL: none given), else the one given, else SIPSTEER_SOCKET's, else the usual one. To be
 * freed; NULL when the configuration is unsound, which is told. */
char *daemon_socket(const char *config, const char *socket);
