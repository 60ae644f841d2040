#include "probe/icmp_echo.h"

static const char mark[4] = {'s', 'i', 'p', 's'};

/* RFC 1071: the one's complement of the one's complement sum of 16-bit words. */
static uint16_t checksum(const uint8_t *octets, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get_u16(octets + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void echo_write(enum family family, const struct echo *echo, uint8_t out[ECHO_OCTETS])
{
    memset(out, 0, 4);
    out[0] = family == FAMILY_V4 ? ECHO_REQUEST_V4 : ECHO_REQUEST_V6;
    put_u16(out + 4, echo->id);
    put_u16(out + 6, echo->sequence);
    memcpy(out + 8, mark, sizeof mark);
    put_u32(out + 12, echo->slot);
    put_u32(out + 16, (uint32_t)(echo->token >> 32));
    put_u32(out + 20, (uint32_t)echo->token);
    if (family == FAMILY_V4)
        put_u16(out + 2, checksum(out, ECHO_OCTETS));
}

bool echo_read(enum family family, struct reader message, struct echo *ret_echo)
{
    const uint8_t type = read_u8(&message), code = read_u8(&message);
    read_u16(&message); /* the kernel has checked the checksum */
    ret_echo->id = read_u16(&message);
    ret_echo->sequence = read_u16(&message);
    const uint8_t *marked = read_span(&message, sizeof mark);
    ret_echo->slot = read_u32(&message);
    ret_echo->token = (uint64_t)read_u32(&message) << 32;
    ret_echo->token |= read_u32(&message);
    if (message.bad || reader_left(&message) > 0 || memcmp(marked, mark, sizeof mark) != 0)
        return false;
    return type == (family == FAMILY_V4 ? ECHO_REPLY_V4 : ECHO_REPLY_V6) && code == 0;
}

bool echo_skip_ip(struct reader *packet)
{
    const uint8_t first = reader_left(packet) ? *packet->at : 0;
    const size_t octets = (first & 15u) * 4;
    return first >> 4 == 4 && octets >= 20 && read_span(packet, octets) != NULL;
}
