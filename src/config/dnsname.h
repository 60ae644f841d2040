/* Host, zone and service names as the configuration may write them. Thread: any (values). */
#pragma once

enum { DNS_NAME_TEXT = 256 }; /* room for the text form: 255 octets on the wire (RFC 1035 2.3.4) are 254 letters and dots */

/* Lower case and with a final dot. NULL when sound, else what is wrong with it. Labels of letters, digits, - and _ only. */
const char *dns_name_read(const char *text, char ret_name[DNS_NAME_TEXT]);
