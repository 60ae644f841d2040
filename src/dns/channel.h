/* How a query comes. Thread: any (values). */
#pragma once

enum channel { CHANNEL_UDP, CHANNEL_TCP, CHANNEL_TLS };
