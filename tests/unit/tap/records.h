/* Records for tests, with their octets behind them. */
#pragma once

#include "tap/point.h"

#include <string.h>

/* A query for _sip._udp.sip.example.com SRV with the client subnet 192.0.2.0/24, and the head of an answer. */
static const uint8_t some_query[] = {
    0x12, 0x34, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 4, '_', 's', 'i', 'p', 4,    '_', 'u',  'd',  'p',
    3,    's',  'i',  'p',  7,    'e',  'x',  'a',  'm',  'p',  'l',  'e',  3, 'c', 'o', 'm', 0,   0x00, 33,  0x00, 0x01, 0,
    0,    41,   0x04, 0xd0, 0,    0,    0x80, 0,    0,    11,   0,    8,    0, 7,   0,   1,   24,  0,    192, 0,    2,
};
static const uint8_t some_answer[] = {0x12, 0x34, 0x84, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

struct whole_record {
    struct tap_record record;
    uint8_t octets[512];
};

static inline struct whole_record some_record(enum channel channel)
{
    struct whole_record whole = {.record = {.asked_ns = 1000000007,
                                            .answered_ns = 1000123456,
                                            .generation = 42,
                                            .client = {{FAMILY_V4, {198, 51, 100, 7}}, 53124},
                                            .server = {{FAMILY_V4, {192, 0, 2, 53}}, 53},
                                            .query_len = sizeof some_query,
                                            .answer_len = sizeof some_answer,
                                            .channel = channel}};
    memcpy(whole.octets, some_query, sizeof some_query);
    memcpy(whole.octets + sizeof some_query, some_answer, sizeof some_answer);
    return whole;
}
