#include "probe/certificate_names.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The host of "sip:host", which speaks for a whole domain; len 0 for anything else: with a user it is somebody's, with another scheme not SIP's. */
static struct name {
    const char *at;
    size_t len;
} host_of_uri(const char *at, size_t len)
{
    const struct name none = {NULL, 0};
    if (len < 4 || strncasecmp(at, "sip:", 4) != 0 || memchr(at, '@', len))
        return none;
    at += 4;
    len -= 4;
    size_t host = 0;
    while (host < len && at[host] != ':' && at[host] != ';' && at[host] != '?')
        host++;
    return (struct name){at, host};
}

static bool same_name(struct name name, const char *domain)
{
    if (name.len && name.at[name.len - 1] == '.')
        name.len--;
    return name.len == strlen(domain) && strncasecmp(name.at, domain, name.len) == 0;
}

static struct name text_of(const ASN1_STRING *string)
{
    return (struct name){(const char *)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
}

/* SIP's identities of the kind, GEN_URI or GEN_DNS: how many there are, and whether one is the domain. */
static size_t identities(const GENERAL_NAMES *names, int kind, const char *domain, bool *ret_found)
{
    size_t count = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != kind)
            continue;
        struct name text = text_of(name->d.ia5);
        if (kind == GEN_URI)
            text = host_of_uri(text.at, text.len);
        count += text.len > 0;
        *ret_found |= text.len > 0 && same_name(text, domain);
    }
    return count;
}

/* RFC 5922 7.1: the subject counts only if there are no alternative names at all. */
static bool subject_is(X509 *certificate, const char *domain)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const ASN1_STRING *common = at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    return common && same_name(text_of(common), domain);
}

static bool is_for_sip(X509 *certificate, const char *domain)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    if (names == NULL)
        return X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0 && subject_is(certificate, domain);
    if (identities(names, GEN_URI, domain, &found) == 0)
        identities(names, GEN_DNS, domain, &found);
    GENERAL_NAMES_free(names);
    return found;
}

bool certificate_is_for(X509 *certificate, const char *domain, enum name_rules rules)
{
    if (rules == NAMES_OF_SIP)
        return is_for_sip(certificate, domain);
    return X509_check_host(certificate, domain, strlen(domain), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static void add(char *out, size_t room, size_t *len, struct name name)
{
    const int wrote = snprintf(out + *len, room - *len, "%s%.*s", *len ? ", " : "", (int)(name.len < room ? name.len : room), name.at);
    if (wrote > 0)
        *len = *len + (size_t)wrote < room ? *len + (size_t)wrote : room - 1;
}

static void add_subject(X509 *certificate, char *out, size_t room, size_t *len)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0)
        add(out, room, len, text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

void certificate_names(X509 *certificate, char *out, size_t room)
{
    size_t len = 0;
    out[0] = '\0';
    GENERAL_NAMES *names = certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS || name->type == GEN_URI)
            add(out, room, &len, text_of(name->d.ia5));
    }
    GENERAL_NAMES_free(names);
    if (len == 0 && certificate)
        add_subject(certificate, out, room, &len);
    if (len == 0)
        snprintf(out, room, "nobody");
}
