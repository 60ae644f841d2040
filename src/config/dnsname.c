#include "config/dnsname.h"

#include <ctype.h>
#include <string.h>

enum { LABEL_MAX = 63, DOTTED_MAX = 254 };

const char *dns_name_read(const char *text, char ret_name[DNS_NAME_TEXT])
{
    size_t len = 0, label = 0;
    for (; *text; text++) {
        const unsigned char letter = (unsigned char)*text;
        if (letter != '.' && letter != '-' && letter != '_' && (letter > 127 || !isalnum(letter)))
            return "only letters, digits, -, _ and dots make a host name";
        if (letter == '.' && label == 0)
            return "an empty label";
        label = letter == '.' ? 0 : label + 1;
        if (label > LABEL_MAX)
            return "a label of more than 63 octets";
        if (len + (text[1] == 0 && letter != '.') >= DOTTED_MAX)
            return "more than 255 octets";
        ret_name[len++] = (char)tolower(letter);
    }
    if (len == 0)
        return "an empty name";
    if (label > 0)
        ret_name[len++] = '.';
    ret_name[len] = 0;
    return NULL;
}
