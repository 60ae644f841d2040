/* HTTP and HTTPS by libcurl. The address is known, so that nothing is ever resolved; redirects are answers like others and lead nowhere. */
#include "base/log.h"
#include "base/memory.h"
#include "probe/detail.h"
#include "probe/engine.h"
#include "probe/http_answer.h"
#include "probe/http_loop.h"
#include "probe/outcome.h"
#include "probe/tls_client.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECEIVE_BUFFER = 4096 };

struct http {
    struct transfer transfer;
    struct curl_slist *headers, *connect_to;
    struct http_answer answer; /* what has come of the running probe */
    struct http_pattern pattern;
    uint64_t started_us;
    char error[CURL_ERROR_SIZE];
};

static size_t on_header(char *octets, size_t size, size_t count, void *context)
{
    struct task *task = context;
    struct http *http = task->link;
    return http_answer_head(&http->answer, octets, size * count) ? size * count : 0;
}

static size_t on_body(char *octets, size_t size, size_t count, void *context)
{
    struct task *task = context;
    struct http *http = task->link;
    return http_answer_body(&http->answer, octets, size * count, http_pattern_wanted(&http->pattern)) ? size * count : 0;
}

/* Notes when the peer's certificate ends, also of one that is refused. */
static int on_certificate(int sound, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct http *http = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const X509 *certificate = X509_STORE_CTX_get0_cert(store);
    struct tm end;
    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        http->answer.certificate_end_s = (int64_t)timegm(&end);
    return sound;
}

/* Whom to trust was read when the configuration was; libcurl would read it anew at each connection. */
static CURLcode on_tls(CURL *easy, void *context, void *user)
{
    (void)easy;
    const struct task *task = user;
    const SSL_CTX *ours = tls_client_context(task->check.tls);
    X509 *certificate = SSL_CTX_get0_certificate(ours);
    SSL_CTX_set_app_data((SSL_CTX *)context, task->link);
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), on_certificate);
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(ours));
    if (certificate &&
        (SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(ours)) != 1))
        return CURLE_SSL_CERTPROBLEM;
    return CURLE_OK;
}

static void set_tls(CURL *easy, struct task *task)
{
    const long verify = task->check.probe.tls.verify;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2 * verify);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, task);
    /* Each probe is to see the certificate as it is now; and libcurl would share connections among probes that trust others. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void set_request(CURL *easy, const struct task *task)
{
    const struct probe *probe = &task->check.probe;
    struct http *http = task->link;
    char target[HOSTPORT_TEXT];
    const char *domain = task->check.domain;
    const size_t len = strlen(domain);
    char *url = mem_format("%s://%.*s:%u%s", probe->http.tls ? "https" : "http", (int)(len - (len > 1 && domain[len - 1] == '.')), domain,
                           task->check.target.port, probe->path);
    char *to = mem_format("::%s", hostport_format(&task->check.target, target));
    char *host = probe->http.host ? mem_format("Host: %s", probe->http.host) : NULL;
    curl_slist_free_all(http->connect_to);
    curl_slist_free_all(http->headers);
    http->connect_to = curl_slist_append(NULL, to);
    http->headers = host ? curl_slist_append(NULL, host) : NULL;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, http->connect_to);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    curl_easy_setopt(easy, CURLOPT_NOBODY, (long)(probe->http.method == HTTP_HEAD));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, probe->http.method == HTTP_OPTIONS ? "OPTIONS" : NULL);
    free(url);
    free(to);
    free(host);
}

/* What is the same for every probe, and what keeps libcurl from doing more than asked: no proxy and no .netrc of the environment, no redirects, no
 * decompression, no other protocol. */
static void set_habits(CURL *easy, struct task *task)
{
    struct http *http = task->link;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sipsteer/" SIPSTEER_VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, task);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, task);
}

static struct observation failure_of(const struct http *http, CURLcode code)
{
    long why = 0;
    const char *text = http->error[0] ? http->error : curl_easy_strerror(code);
    curl_easy_getinfo(http->transfer.easy, CURLINFO_OS_ERRNO, &why);
    return observation_failed_as(http_reason_of(code, (int)why), "%s", text);
}

static struct observation observation_of(struct task *task, CURLcode code)
{
    struct http *http = task->link;
    curl_off_t retry_after_s = 0;
    long status = 0;
    if (code == CURLE_WRITE_ERROR && http->answer.head_full)
        return observation_failed_as(REASON_BAD_ANSWER, "more than %d octets of headers", HTTP_HEAD_MAX);
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && http->answer.body_full))
        return failure_of(http, code);
    curl_easy_getinfo(http->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(http->transfer.easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    http->answer.status = (unsigned)status;
    http->answer.retry_after_s = retry_after_s > 0 && retry_after_s < UINT32_MAX ? (uint32_t)retry_after_s : 0;
    return http_answer_judge(&http->answer, &task->check.probe, &http->pattern);
}

static void on_done(struct task *task, CURLcode code)
{
    struct http *http = task->link;
    struct observation seen = observation_of(task, code);
    const uint64_t took_us = engine_now_us(task->engine) - http->started_us;
    seen.certificate_end_s = http->answer.certificate_end_s;
    if (http->answer.status)
        seen.rtt_us = took_us ? (uint32_t)took_us : 1;
    http_answer_release(&http->answer);
    probe_end(task, seen);
}

static struct http_loop *need_loop(struct probe_engine *engine)
{
    if (engine->shared.http == NULL && (engine->shared.http = http_loop_new(engine)) == NULL)
        log_error("libcurl cannot be used: HTTP probes are not sent");
    return engine->shared.http;
}

static bool http_prepare(struct task *task)
{
    struct http *http = task->link;
    if (need_loop(task->engine) == NULL)
        return false;
    if (http->transfer.easy == NULL && (http->transfer.easy = curl_easy_init()) == NULL)
        return false;
    /* All of it anew: after a reload another probe may stand under the same name. */
    curl_easy_reset(http->transfer.easy);
    set_habits(http->transfer.easy, task);
    set_request(http->transfer.easy, task);
    if (task->check.probe.http.tls)
        set_tls(http->transfer.easy, task);
    return http_pattern_set(&http->pattern, &task->check.probe.http);
}

static void http_start(struct task *task)
{
    struct http *http = task->link;
    http->started_us = engine_now_us(task->engine);
    http->error[0] = '\0';
    if (!http_prepare(task) || !http_loop_start(task->engine->shared.http, &http->transfer))
        probe_end(task, observation_failed(REASON_LOCAL));
}

static void http_wake(struct task *task)
{
    (void)task; /* none was asked for */
}

static void http_cancel(struct task *task)
{
    struct http *http = task->link;
    if (task->engine->shared.http)
        http_loop_stop(task->engine->shared.http, &http->transfer);
    http_answer_release(&http->answer);
}

static void http_expire(struct task *task)
{
    struct http *http = task->link;
    http_loop_look(task->engine->shared.http, &http->transfer);
    if (!task->running)
        return;
    const bool begun = http->answer.head_len > 0;
    http_cancel(task);
    probe_end(task, observation_failed_as(REASON_TIMEOUT, begun ? "the answer has begun" : ""));
}

static void http_attach(struct task *task)
{
    struct http *http = mem_new(1, sizeof *http);
    http->transfer.task = task;
    http->transfer.done = on_done;
    task->link = http;
}

static void http_detach(struct task *task)
{
    struct http *http = task->link;
    http_cancel(task);
    curl_easy_cleanup(http->transfer.easy);
    curl_slist_free_all(http->headers);
    curl_slist_free_all(http->connect_to);
    http_pattern_release(&http->pattern);
    free(http);
    task->link = NULL;
}

const struct probe_backend http_backend = {http_attach, http_start, http_wake, http_expire, http_cancel, http_detach};
