#include "dns/opt.h"

#include "base/invariant.h"
#include "dns/message.h"

size_t opt_len(const struct opt *opt)
{
    size_t len = OPT_LEN;
    for (unsigned i = 0; i < opt->count; i++)
        len += OPTION_HEADER + (size_t)opt->options[i].len;
    return opt->present ? len : 0;
}

void opt_add(struct opt *opt, uint16_t code, const uint8_t *octets, size_t len)
{
    if (!opt->present)
        return;
    invariant(opt->count < OPT_OPTIONS_MAX);
    opt->options[opt->count++] = (struct opt_option){.code = code, .len = (uint16_t)len, .octets = octets};
}

void opt_write(struct writer *w, const struct opt *opt, unsigned rcode, uint16_t size, bool dnssec_ok)
{
    if (!opt->present)
        return;
    write_u8(w, 0);
    write_u16(w, TYPE_OPT);
    write_u16(w, size);
    write_u8(w, (uint8_t)(rcode >> 4));
    write_u8(w, 0);
    write_u16(w, dnssec_ok ? 0x8000 : 0);
    write_u16(w, (uint16_t)(opt_len(opt) - OPT_LEN));
    for (const struct opt_option *option = opt->options, *end = option + opt->count; option < end; option++) {
        write_u16(w, option->code);
        write_u16(w, option->len);
        write_bytes(w, option->octets, option->len);
    }
}
