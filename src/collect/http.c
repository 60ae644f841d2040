/* Pages over HTTP(S): libcurl's multi interface on the collector's loop. Names are looked up in threads of libcurl's, so that the loop never waits. */
#include "collect/page.h"

#include "base/clock.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_KEPT = 1024, LOOKUP_PAUSE_MS = 15000 };

struct transfer {
    struct page *page;
    CURL *easy;
    struct curl_slist *headers;
    char *text;
    size_t len, room;
    bool too_long;
    char why[CURL_ERROR_SIZE];
};

/* One socket of libcurl's in our loop. */
struct socket_watch {
    struct event event;
};

static void free_transfer(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer->text);
    free(transfer);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t len = size * count;
    if (len > BODY_MAX - transfer->len) {
        transfer->too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    transfer->text = mem_grow(transfer->text, &transfer->room, transfer->len + len, 1);
    memcpy(transfer->text + transfer->len, data, len);
    transfer->len += len;
    return len;
}

/* Whether it was the look-up of the name that has not ended. Its thread goes on alone; a pause keeps them from becoming many. */
static bool is_lookup(struct page *page, const struct transfer *transfer)
{
    curl_off_t looked_up_us = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up_us);
    if (looked_up_us == 0)
        page->pause_end_ms = clock_ms() + LOOKUP_PAUSE_MS;
    return looked_up_us == 0;
}

/* What libcurl says of a failed transfer; its longer text where there is one. */
static void tell_failure(struct page *page, const struct transfer *transfer, CURLcode code)
{
    if (transfer->too_long || code == CURLE_FILESIZE_EXCEEDED)
        page_failed(page, "the page is longer than %d octets", BODY_MAX);
    else if (code == CURLE_OPERATION_TIMEDOUT && is_lookup(page, transfer))
        page_failed(page, "the host's name is not resolved within %u ms", page->timeout_ms);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        page_failed(page, "no whole page within %u ms", page->timeout_ms);
    else
        page_failed(page, "%s", transfer->why[0] ? transfer->why : curl_easy_strerror(code));
}

static void end_transfer(struct transfer *transfer, CURLcode code)
{
    struct page *page = transfer->page;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(page->collector->multi, transfer->easy);
    page->http = NULL;
    if (code != CURLE_OK)
        tell_failure(page, transfer, code);
    else if (status != 200)
        page_failed(page, "HTTP status %ld%s", status, status >= 300 && status < 400 ? ": redirects are not followed" : "");
    else
        page_came(page, transfer->text ? transfer->text : "", transfer->len, 0);
    free_transfer(transfer);
}

static void take_ended(struct collector *collector)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(collector->multi, &left));) {
        struct transfer *transfer = NULL;
        const CURLcode code = message->data.result; /* the message ends with its transfer */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end_transfer(transfer, code);
    }
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    struct collector *collector = context;
    int running;
    curl_multi_socket_action(collector->multi, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0),
                             &running);
    take_ended(collector);
}

static void on_curl_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct collector *collector = context;
    int running;
    curl_multi_socket_action(collector->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_ended(collector);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    (void)easy;
    struct collector *collector = context;
    struct socket_watch *watch = watched;
    if (watch)
        event_del(&watch->event);
    if (what == CURL_POLL_REMOVE) {
        free(watch);
        curl_multi_assign(collector->multi, fd, NULL);
        return 0;
    }
    if (!watch)
        watch = mem_new(1, sizeof *watch);
    const short wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
    event_assign(&watch->event, collector->base, fd, wanted, on_socket, collector);
    event_add(&watch->event, NULL);
    curl_multi_assign(collector->multi, fd, watch);
    return 0;
}

static int set_curl_timer(CURLM *multi, long wait_ms, void *context)
{
    (void)multi;
    struct collector *collector = context;
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    if (wait_ms < 0)
        event_del(&collector->curl_timer);
    else
        event_add(&collector->curl_timer, &wait);
    return 0;
}

/* Whatever the surroundings say (proxies, .netrc), the page is asked for where the configuration says. A look-up that hangs is left to end by itself. */
static void set_manners(struct transfer *transfer)
{
    const struct page *page = transfer->page;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)page->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)BODY_MAX);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sipsteer/" SIPSTEER_VERSION);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)page->verify);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, page->verify ? 2L : 0L);
    if (page->ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, page->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void set_request(struct transfer *transfer, const char *secret)
{
    const struct page *page = transfer->page;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_URL, page->url);
    if (page->user) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, page->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, secret);
    } else if (secret) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret);
    }
    if (!page->body)
        return;
    transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, page->body);
}

static void set_callbacks(struct transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
}

void http_start(struct page *page, const char *secret)
{
    struct transfer *transfer = mem_new(1, sizeof *transfer);
    transfer->page = page;
    transfer->easy = curl_easy_init();
    page->phase = PAGE_RUNNING;
    page->http = transfer;
    if (transfer->easy) {
        set_manners(transfer);
        set_request(transfer, secret);
        set_callbacks(transfer);
    }
    if (transfer->easy && curl_multi_add_handle(page->collector->multi, transfer->easy) == CURLM_OK)
        return;
    page->http = NULL;
    free_transfer(transfer);
    page_failed(page, "libcurl cannot begin");
}

void http_cancel(struct page *page)
{
    curl_multi_remove_handle(page->collector->multi, page->http->easy);
    free_transfer(page->http);
    page->http = NULL;
}

bool http_open(struct collector *collector, struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(collector->multi = curl_multi_init()))
        return error_set(err, "cannot start libcurl");
    curl_multi_setopt(collector->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(collector->multi, CURLMOPT_SOCKETDATA, collector);
    curl_multi_setopt(collector->multi, CURLMOPT_TIMERFUNCTION, set_curl_timer);
    curl_multi_setopt(collector->multi, CURLMOPT_TIMERDATA, collector);
    curl_multi_setopt(collector->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    event_assign(&collector->curl_timer, collector->base, -1, 0, on_curl_timer, collector);
    return true;
}

void http_close(struct collector *collector)
{
    if (collector->multi)
        curl_multi_cleanup(collector->multi);
    collector->multi = NULL;
}
