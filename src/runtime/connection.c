#include "runtime/connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECONDS(n) ((n)*INT64_C(1000000000))

enum {
    read_step = 16384,
    body_most = 4 << 20,   /* a request's body that is larger is refused */
    write_step = 64 << 10, /* as much has to be taken off us within write_time */
};

/* How long a client may take for a request's head, for its body, for some of the answer, to close after the last
 * answer, and until it makes its next request; and after which time without a request it may be sent away. */
static const int64_t head_time = SECONDS(10), body_time = SECONDS(30), write_time = SECONDS(20),
                     linger_time = SECONDS(1) / 2, idle_time = SECONDS(60), spare_time = SECONDS(2);

void connection_open(struct connection *c, int fd, struct mem *mem, int64_t now)
{
    *c = (struct connection){.fd = fd, .deadline = now + head_time};
    buf_init(&c->in, mem);
    buf_init(&c->body, mem);
    buf_init(&c->out, mem);
    exchange_init(&c->exchange, mem);
}

void connection_close(struct connection *c)
{
    exchange_finish(&c->exchange);
    buf_finish(&c->out);
    buf_finish(&c->body);
    buf_finish(&c->in);
    close(c->fd);
    c->fd = -1;
}

short connection_events(const struct connection *c)
{
    switch (c->state) {
    case connection_waits:
        return POLLRDHUP;
    case connection_writes:
        return POLLOUT;
    default:
        return POLLIN;
    }
}

bool connection_is_idle(const struct connection *c, int64_t now)
{
    int64_t allowed = c->answered ? idle_time : head_time;
    return c->state == connection_lingers ||
           (c->state == connection_reads_head && now >= c->deadline - allowed + spare_time);
}

/* Reads what has come into a buffer: 1 for some, 0 for nothing at the moment, -1 for the end. */
static int receive(struct connection *c, struct buf *to)
{
    char *at = buf_reserve(to, read_step);
    if (!at)
        return -1;
    ssize_t got = recv(c->fd, at, read_step, MSG_DONTWAIT);
    if (got > 0)
        to->n += (size_t)got;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return got > 0 ? 1 : -1;
}

static void start_writing(struct connection *c, int64_t now)
{
    c->state = connection_writes;
    c->sent = c->counted = 0;
    c->deadline = now + write_time;
}

static bool answer_refusal(struct connection *c, const struct http_refusal *refusal, int64_t now)
{
    c->stays = false;
    http_refusal_write(&c->out, refusal);
    start_writing(c, now);
    return !c->out.failed;
}

/* Nobody can meet what the client expects. */
static bool answer_unmet(struct connection *c, int64_t now)
{
    static const struct http_response unmet = {.status = 417};
    struct timespec date;
    clock_gettime(CLOCK_REALTIME, &date);
    c->stays = c->request.keep_alive = false;
    http_response_write_head(&c->out, &unmet, &c->request, date.tv_sec, 0);
    start_writing(c, now);
    return !c->out.failed;
}

/* The exchange has its answer: it is written, and what it was made of is freed. */
static bool answer(struct connection *c, int64_t now)
{
    bool ok = exchange_write(&c->exchange, &c->out);
    c->stays = c->exchange.request.keep_alive;
    exchange_finish(&c->exchange);
    start_writing(c, now);
    return ok;
}

/* The request is complete. */
static bool handle(struct connection *c, struct str body, int64_t now)
{
    exchange_init(&c->exchange, c->out.mem);
    exchange_begin(&c->exchange, &c->request, body);
    if (c->exchange.waits == exchange_waits_for_nothing)
        return answer(c, now);
    c->state = connection_waits;
    c->deadline = c->exchange.due;
    return true;
}

/* Takes the first `size` bytes off the body's buffer: what is behind them belongs to the next request. */
static void keep_rest(struct connection *c, size_t size)
{
    c->in.n = 0;
    c->scanned = 0;
    buf_str(&c->in, str_skip(buf_text(&c->body), size));
    c->has_more = c->in.n > 0;
    c->body.n = 0;
}

/* Looks whether the body is complete, and if so has the request answered. */
static bool take_body(struct connection *c, int64_t now)
{
    static const struct http_refusal too_large = {413, NULL, NULL}, broken = {400, NULL, NULL};
    size_t size = c->body.n - c->decoded, eaten = 0, end = (size_t)c->request.body_size;
    enum http_parse is = c->body.n >= end ? http_parse_done : http_parse_more;
    if (c->request.chunked && size == 0)
        return true;
    if (c->request.chunked) {
        size_t before = c->body.n;
        is = http_chunks_decode(&c->chunks, c->body.p + c->decoded, &size, &eaten);
        end = c->decoded + size;
        if (is == http_parse_done)
            memmove(c->body.p + end, c->body.p + c->decoded + eaten, before - c->decoded - eaten);
        c->body.n = is == http_parse_done ? before - (c->decoded + eaten - end) : end;
        c->decoded = end;
    }
    if (is == http_parse_refused)
        return answer_refusal(c, &broken, now);
    if (end > body_most)
        return answer_refusal(c, &too_large, now);
    if (is == http_parse_more)
        return true;
    bool ok = handle(c, str_first(buf_text(&c->body), end), now);
    keep_rest(c, end);
    return ok;
}

/* The head is complete. */
static bool begin_request(struct connection *c, int64_t now)
{
    static const struct http_refusal too_large = {413, NULL, NULL};
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->request.expects_other)
        return answer_unmet(c, now);
    if (c->request.body_size > body_most)
        return answer_refusal(c, &too_large, now);
    c->state = connection_reads_body;
    c->deadline = now + body_time;
    c->chunks = (struct http_chunks){0};
    c->decoded = c->body.n = 0;
    buf_str(&c->body, str_skip(buf_text(&c->in), c->request.head_size));
    if (c->body.failed)
        return false;
    bool has_body = c->request.chunked || c->request.body_size > 0;
    if (has_body && c->request.expects_continue && c->body.n == 0)
        send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return take_body(c, now);
}

static bool take_head(struct connection *c, int64_t now)
{
    struct http_refusal refusal;
    c->has_more = false;
    switch (http_request_parse(c->in.p, c->in.n, &c->scanned, &c->request, &refusal)) {
    case http_parse_done:
        return begin_request(c, now);
    case http_parse_refused:
        return answer_refusal(c, &refusal, now);
    default:
        return true;
    }
}

static bool step_head(struct connection *c, short events, int64_t now)
{
    bool was_empty = c->in.n == 0;
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        int got = receive(c, &c->in);
        if (got <= 0)
            return got == 0;
    } else if (!c->has_more) {
        return now < c->deadline;
    }
    if (was_empty && c->answered)
        c->deadline = now + head_time; /* the next request has begun */
    return take_head(c, now) && (c->state != connection_reads_head || now < c->deadline);
}

static bool step_body(struct connection *c, short events, int64_t now)
{
    if (now >= c->deadline)
        return false;
    if (!(events & (POLLIN | POLLHUP | POLLERR)))
        return true;
    int got = receive(c, &c->body);
    return got > 0 ? take_body(c, now) : got == 0;
}

/* As in Go, a client that goes away ends the waiting. */
static bool step_waiting(struct connection *c, short events, int64_t now)
{
    if (events & (POLLHUP | POLLERR))
        return false;
    if (events & POLLRDHUP)
        exchange_cancel(&c->exchange);
    else if (now >= c->deadline)
        exchange_resume(&c->exchange);
    else
        return true;
    return answer(c, now);
}

/* The answer is out: the next request, or the end. */
static bool finish_writing(struct connection *c, int64_t now)
{
    buf_finish(&c->out);
    if (!c->stays) {
        c->state = connection_lingers;
        c->deadline = now + linger_time;
        return shutdown(c->fd, SHUT_WR) == 0;
    }
    buf_finish(&c->body);
    c->state = connection_reads_head;
    c->answered = true;
    c->deadline = now + (c->has_more ? head_time : idle_time);
    return !c->in.failed;
}

static bool step_writing(struct connection *c, short events, int64_t now)
{
    if (!(events & (POLLOUT | POLLHUP | POLLERR)))
        return now < c->deadline;
    ssize_t sent = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) && now < c->deadline;
    c->sent += (size_t)sent;
    if (c->sent == c->out.n)
        return finish_writing(c, now);
    if (c->sent - c->counted >= write_step) {
        c->counted = c->sent;
        c->deadline = now + write_time;
    }
    return now < c->deadline;
}

/* Closing with unread bytes would make the kernel take back what the client has not read yet. */
static bool step_lingering(struct connection *c, short events, int64_t now)
{
    char ignored[4096];
    if (events & (POLLIN | POLLHUP | POLLERR) && recv(c->fd, ignored, sizeof ignored, MSG_DONTWAIT) <= 0)
        return false;
    return now < c->deadline;
}

bool connection_step(struct connection *c, short events, int64_t now)
{
    switch (c->state) {
    case connection_reads_head:
        return step_head(c, events, now);
    case connection_reads_body:
        return step_body(c, events, now);
    case connection_waits:
        return step_waiting(c, events, now);
    case connection_writes:
        return step_writing(c, events, now);
    case connection_lingers:
        return step_lingering(c, events, now);
    }
    return false;
}
