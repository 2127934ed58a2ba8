#include "cli/transfer.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* Undo the header's macros: the names below are members of a table of pointers. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CURL_FUNCTIONS(X)                                                                                              \
    X(curl_global_init)                                                                                                \
    X(curl_easy_init)                                                                                                  \
    X(curl_easy_setopt)                                                                                                \
    X(curl_easy_getinfo)                                                                                               \
    X(curl_easy_strerror)                                                                                              \
    X(curl_easy_cleanup)                                                                                               \
    X(curl_slist_append)                                                                                               \
    X(curl_slist_free_all)                                                                                             \
    X(curl_multi_init)                                                                                                 \
    X(curl_multi_add_handle)                                                                                           \
    X(curl_multi_remove_handle)                                                                                        \
    X(curl_multi_perform)                                                                                              \
    X(curl_multi_poll)                                                                                                 \
    X(curl_multi_info_read)                                                                                            \
    X(curl_multi_cleanup)

struct curl_library {
#define MEMBER(name) __typeof__ (&(name))(name);
    CURL_FUNCTIONS(MEMBER)
#undef MEMBER
};

enum {
    tick_ms = 200,
    most_at_once = 128,
    most_redirects = 10,
    answer_grace_seconds = 5, /* beyond the timeout, as in Go */
    longest_reason = 100,
};
static const uint64_t largest_body = (uint64_t)4 << 30;

/* A request under way. */
struct running {
    const struct curl_library *curl;
    struct transfer *transfer;
    CURL *handle;
    struct curl_slist *headers;
    char reason[longest_reason]; /* "404 Not Found" */
    bool says_pprof, says_text;  /* the error text is meant for people */
    bool too_large, too_slow;
    struct timespec heard; /* when something last came */
    char detail[CURL_ERROR_SIZE];
};

static bool load_library(struct curl_library *curl, struct buf *error)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        buf_printf(error, "fetching needs libcurl: %s", dlerror());
        return false;
    }
#define RESOLVE(name)                                                                                                  \
    {                                                                                                                  \
        void *found = dlsym(library, #name);                                                                           \
        if (!found) {                                                                                                  \
            buf_printf(error, "fetching needs a newer libcurl: %s", dlerror());                                        \
            return false;                                                                                              \
        }                                                                                                              \
        memcpy(&curl->name, &found, sizeof found);                                                                     \
    }
    CURL_FUNCTIONS(RESOLVE)
#undef RESOLVE
    if (curl->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return true;
    buf_str(error, STR("libcurl could not be started"));
    return false;
}

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *to)
{
    struct running *run = to;
    clock_gettime(CLOCK_MONOTONIC, &run->heard);
    if (run->transfer->body.n + size * n > largest_body) {
        run->too_large = true;
        return 0;
    }
    buf_bytes(&run->transfer->body, bytes, size * n);
    return run->transfer->body.failed ? 0 : size * n;
}

static bool header_is(struct str line, struct str name)
{
    return line.n > name.n && line.p[name.n] == ':' && strncasecmp(line.p, name.p, name.n) == 0;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *to)
{
    struct running *run = to;
    struct str line = {bytes, size * n};
    clock_gettime(CLOCK_MONOTONIC, &run->heard);
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    if (str_starts_with(line, STR("HTTP/"))) {
        struct str status = str_skip(line, str_find(line, STR(" "), 0) + 1);
        snprintf(run->reason, sizeof run->reason, "%.*s", STR_ARG(status));
        run->says_pprof = run->says_text = false; /* of an answer that only redirected */
    } else if (header_is(line, STR("X-Go-Pprof"))) {
        run->says_pprof = true;
    } else if (header_is(line, STR("Content-Type"))) {
        run->says_text = str_find(line, STR("text/plain"), 0) < line.n;
    }
    return size * n;
}

/* Gives up where nothing came for too long: before the first byte of the answer, or in its middle. */
static int watch_pace(void *to, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)total, (void)now, (void)up_total, (void)up_now;
    struct running *run = to;
    run->too_slow = seconds_since(&run->heard) > (double)(run->transfer->timeout + answer_grace_seconds);
    return run->too_slow;
}

static bool is_unix(const struct url *url)
{
    return str_equal(url->scheme, STR("http+unix"));
}

/* Go asks no proxy for this very machine. */
static bool is_own_host(struct str url)
{
    struct url parts;
    if (!url_parse(url, &parts))
        return false;
    struct str host = parts.host;
    return str_starts_with(host, STR("localhost")) || str_starts_with(host, STR("127.")) ||
           str_starts_with(host, STR("[::1]")) || str_starts_with(host, STR(":")) || is_unix(&parts);
}

/* The URL as libcurl takes it: http and https only, and a host where there is only a port or a socket's path. */
static void put_plain_url(struct buf *out, struct str text)
{
    struct url url;
    if (url_parse(text, &url)) {
        struct str rest = str_skip(text, url.scheme.n + 3);
        bool unnamed = str_starts_with(url.host, STR(":")) && !url.has_userinfo;
        buf_str(out, str_equal(url.scheme, STR("https+insecure")) ? STR("https")
                     : is_unix(&url)                              ? STR("http")
                                                                  : url.scheme);
        buf_str(out, STR("://"));
        if (unnamed || is_unix(&url))
            buf_str(out, STR("localhost"));
        buf_str(out, is_unix(&url) ? str_skip(rest, url.host.n) : rest);
    } else {
        buf_str(out, text);
    }
    buf_byte(out, '\0');
}

/* Where the host of a URL is the path of a socket, connects to that. */
static void set_socket(const struct running *run)
{
    struct url url;
    struct buf path;
    if (!url_parse(str_of(run->transfer->url), &url) || !is_unix(&url))
        return;
    buf_init(&path, run->transfer->body.mem);
    url_put_unescaped(&path, url.host);
    buf_byte(&path, '\0');
    run->curl->curl_easy_setopt(run->handle, CURLOPT_UNIX_SOCKET_PATH, path.p);
    buf_finish(&path);
}

static void set_tls(const struct running *run, const struct transfer_tls *tls)
{
    const struct curl_library *curl = run->curl;
    if (str_starts_with(str_of(run->transfer->url), STR("https+insecure:"))) {
        curl->curl_easy_setopt(run->handle, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->curl_easy_setopt(run->handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (tls->cert[0])
        curl->curl_easy_setopt(run->handle, CURLOPT_SSLCERT, tls->cert);
    if (tls->key[0])
        curl->curl_easy_setopt(run->handle, CURLOPT_SSLKEY, tls->key);
    if (tls->ca[0])
        curl->curl_easy_setopt(run->handle, CURLOPT_CAINFO, tls->ca);
}

static void set_proxy(const struct running *run)
{
    const char *upper = getenv("HTTP_PROXY");
    struct str url = str_of(run->transfer->url);
    if (is_own_host(url))
        run->curl->curl_easy_setopt(run->handle, CURLOPT_PROXY, "");
    else if (upper && !getenv("http_proxy") && str_starts_with(url, STR("http:")))
        run->curl->curl_easy_setopt(run->handle, CURLOPT_PROXY, upper);
}

static bool start(struct running *run, const struct curl_library *curl, struct transfer *transfer,
                  const struct transfer_tls *tls)
{
    struct buf url;
    *run = (struct running){.curl = curl, .transfer = transfer, .handle = curl->curl_easy_init()};
    if (!run->handle)
        return false;
    buf_init(&url, transfer->body.mem);
    put_plain_url(&url, str_of(transfer->url));
    curl->curl_easy_setopt(run->handle, CURLOPT_URL, url.p);
    buf_finish(&url);
    curl->curl_easy_setopt(run->handle, CURLOPT_PRIVATE, run);
    curl->curl_easy_setopt(run->handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->curl_easy_setopt(run->handle, CURLOPT_USERAGENT, "sonde/" SONDE_VERSION);
    curl->curl_easy_setopt(run->handle, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl->curl_easy_setopt(run->handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl->curl_easy_setopt(run->handle, CURLOPT_MAXREDIRS, (long)most_redirects);
    curl->curl_easy_setopt(run->handle, CURLOPT_NOSIGNAL, 1L);
    curl->curl_easy_setopt(run->handle, CURLOPT_ERRORBUFFER, run->detail);
    curl->curl_easy_setopt(run->handle, CURLOPT_WRITEFUNCTION, take_body);
    curl->curl_easy_setopt(run->handle, CURLOPT_WRITEDATA, run);
    curl->curl_easy_setopt(run->handle, CURLOPT_HEADERFUNCTION, take_header);
    curl->curl_easy_setopt(run->handle, CURLOPT_HEADERDATA, run);
    curl->curl_easy_setopt(run->handle, CURLOPT_NOPROGRESS, 0L);
    curl->curl_easy_setopt(run->handle, CURLOPT_XFERINFOFUNCTION, watch_pace);
    curl->curl_easy_setopt(run->handle, CURLOPT_XFERINFODATA, run);
    if (transfer->post) {
        run->headers = curl->curl_slist_append(NULL, "Content-Type: application/octet-stream");
        curl->curl_easy_setopt(run->handle, CURLOPT_HTTPHEADER, run->headers);
        curl->curl_easy_setopt(run->handle, CURLOPT_POSTFIELDS, transfer->post);
    }
    set_tls(run, tls);
    set_proxy(run);
    set_socket(run);
    clock_gettime(CLOCK_MONOTONIC, &run->heard);
    return true;
}

/* The body of an error as one line of text. */
static void put_line_of(struct buf *out, struct str text)
{
    while (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    text = str_first(text, 500);
    for (size_t i = 0; i < text.n; i++)
        buf_byte(out, (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i]);
}

static void say_failure(struct running *run, CURLcode code)
{
    struct transfer *transfer = run->transfer;
    buf_printf(&transfer->error, "%s %s: ", transfer->post ? "POST" : "GET", transfer->url);
    if (run->too_large) {
        buf_str(&transfer->error, STR("the answer is larger than 4 GiB"));
    } else if (run->too_slow) {
        buf_printf(&transfer->error, "nothing came for %lld seconds",
                   (long long)transfer->timeout + answer_grace_seconds);
    } else {
        long os_error = 0;
        run->curl->curl_easy_getinfo(run->handle, CURLINFO_OS_ERRNO, &os_error);
        buf_str(&transfer->error, str_of(run->detail[0] ? run->detail : run->curl->curl_easy_strerror(code)));
        if (os_error != 0 && code == CURLE_COULDNT_CONNECT)
            buf_printf(&transfer->error, " (%s)", strerror((int)os_error));
    }
}

static void finish(struct running *run, CURLcode code)
{
    struct transfer *transfer = run->transfer;
    long status = 0;
    run->curl->curl_easy_getinfo(run->handle, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        say_failure(run, code);
    } else if (status != 200) {
        buf_printf(&transfer->error, "%s %s: server response: %s", transfer->post ? "POST" : "GET", transfer->url,
                   run->reason);
        if (run->says_pprof && run->says_text) {
            buf_str(&transfer->error, STR(" - "));
            put_line_of(&transfer->error, buf_text(&transfer->body));
        }
    }
    run->curl->curl_easy_cleanup(run->handle);
    run->curl->curl_slist_free_all(run->headers);
    transfer->done = true;
}

static void finish_ended(const struct curl_library *curl, CURLM *multi)
{
    int left;
    CURLMsg *message;
    while ((message = curl->curl_multi_info_read(multi, &left))) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        curl->curl_multi_remove_handle(multi, message->easy_handle);
        finish((struct running *)(void *)private, code);
    }
}

/* What a chunk of requests shares with the chunks before and after it. */
struct batch {
    const struct curl_library *curl;
    CURLM *multi;
    const struct transfer_tls *tls;
    const struct transfer_watch *watch;
    struct transfer *all;
    size_t n;
    struct timespec began;
    double ticked;
};

static void tick(struct batch *batch)
{
    double seconds = seconds_since(&batch->began);
    if (!batch->watch->tick || (seconds - batch->ticked) * 1000 < tick_ms)
        return;
    batch->ticked = seconds;
    batch->watch->tick(batch->watch->to, batch->all, batch->n, seconds);
}

static void run_chunk(struct batch *batch, struct transfer *transfers, size_t n, struct running *runs)
{
    int under_way = 0;
    for (size_t i = 0; i < n; i++) {
        if (start(&runs[i], batch->curl, &transfers[i], batch->tls)) {
            batch->curl->curl_multi_add_handle(batch->multi, runs[i].handle);
        } else {
            buf_str(&transfers[i].error, STR("libcurl could not start a request"));
            transfers[i].done = true;
        }
    }
    do {
        batch->curl->curl_multi_perform(batch->multi, &under_way);
        finish_ended(batch->curl, batch->multi);
        tick(batch);
        if (under_way > 0)
            batch->curl->curl_multi_poll(batch->multi, NULL, 0, tick_ms, NULL);
    } while (under_way > 0);
}

bool transfers_run(struct transfer *transfers, size_t n, const struct transfer_tls *tls,
                   const struct transfer_watch *watch, struct buf *error)
{
    static struct curl_library library;
    if (n == 0)
        return true;
    if (!library.curl_multi_cleanup && !load_library(&library, error))
        return false;
    struct batch batch = {
        .curl = &library, .multi = library.curl_multi_init(), .tls = tls, .watch = watch, .all = transfers, .n = n};
    struct running *runs = mem_get_array(transfers->body.mem, most_at_once, sizeof *runs);
    if (!batch.multi || !runs) {
        buf_str(error, STR("libcurl could not be started"));
        mem_put(transfers->body.mem, runs, most_at_once * sizeof *runs);
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &batch.began);
    for (size_t i = 0; i < n; i += most_at_once)
        run_chunk(&batch, transfers + i, n - i < most_at_once ? n - i : most_at_once, runs);
    library.curl_multi_cleanup(batch.multi);
    mem_put(transfers->body.mem, runs, most_at_once * sizeof *runs);
    return true;
}
