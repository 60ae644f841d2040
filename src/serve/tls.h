/* What of OpenSSL a loop needs of credentials. For serve/ and http/ only. Thread: the loop's. */
#pragma once

#include "serve/credentials.h"

#include <openssl/ssl.h>

/* For one connection; the caller frees. NULL when OpenSSL can make none. It holds what it needs of the credentials. */
SSL *credentials_session(const struct credentials *credentials);
