/* Any two texts, parted by a zero octet, as the .key and .private files of a key. */
#include "base/invariant.h"
#include "base/memory.h"
#include "dnssec/key.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *texts = mem_new(size + 2, 1); /* two ends, whatever data holds */
    memcpy(texts, data, size);
    struct key key;
    struct error err = {""};
    if (key_read(&key, texts, texts + strlen(texts) + 1, (const uint8_t *)"\3sip\7example\3com", 17, &err)) {
        uint8_t signature[SIGNATURE_OCTETS_MAX];
        const size_t len = pair_sign(key.pair, data, size, signature);
        invariant(len > 0 && key_tag(key.dnskey, key.dnskey_len) == key.tag);
        invariant(public_verify(key.algorithm, key.dnskey + 4, key.dnskey_len - 4u, data, size, signature, len));
        key_next_event(&key, 0);
        key_release(&key);
    } else {
        invariant(err.text[0] != '\0');
    }
    free(texts);
    return 0;
}
