/* A URL is told, by libcurl. */
#include "notify/hook.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* What it answers is of no use. */
static size_t leave_out(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

static int look(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&((struct abort_flag *)context)->set);
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char *line = mem_format("%s%s", name, value);
    *headers = curl_slist_append(*headers, line);
    free(line);
}

static void set_manners(CURL *easy, const struct hook_config *hook, const struct abort_flag *abort, char *why)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)hook->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sipsteer/" SIPSTEER_VERSION);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)hook->verify);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, hook->verify ? 2L : 0L);
    if (hook->ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, hook->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, leave_out);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, (void *)abort);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static bool perform(CURL *easy, const char *why, struct error *err)
{
    const CURLcode code = curl_easy_perform(easy);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return error_set(err, "%s", why[0] ? why : curl_easy_strerror(code));
    if (status < 200 || status > 299)
        return error_set(err, "HTTP status %ld%s", status, status >= 300 && status < 400 ? ": redirects are not followed" : "");
    return true;
}

bool post_tell(const struct hook_config *hook, const struct message *message, const struct abort_flag *abort, struct error *err)
{
    char signature[SIGNATURE_TEXT], why[CURL_ERROR_SIZE] = "";
    if (hook->secret_file && !signature_make(hook->secret_file, message->body, signature, err))
        return false;
    CURL *easy = curl_easy_init();
    if (!easy)
        return error_set(err, "libcurl cannot begin");
    struct curl_slist *headers = NULL;
    add_header(&headers, "Content-Type: application/json", "");
    add_header(&headers, "Expect:", "");
    if (hook->secret_file)
        add_header(&headers, "X-Sipsteer-Signature: ", signature);
    for (size_t i = 0; i < hook->header_count; i++)
        add_header(&headers, hook->headers[i], "");
    set_manners(easy, hook, abort, why);
    curl_easy_setopt(easy, CURLOPT_URL, hook->url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, message->body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    const bool done = perform(easy, why, err);
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return done;
}
