#include "runtime/server.h"

#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/connection.h"
#include "runtime/descriptors.h"
#include "runtime/heap.h"
#include "runtime/listen_address.h"
#include "runtime/pages.h"
#include "runtime/threads.h"

enum { connections_most = 64, backlog = 128 };

static const int64_t second = 1000000000, accept_pause = 100000000;

struct server {
    int listener;
    int64_t accepts_from; /* descriptors ran out: no accept before this */
    struct connection connections[connections_most];
    struct pollfd polls[connections_most + 1];
};

/* What server_start and the new thread tell each other; lives on the starter's stack until done is set. */
struct start {
    struct listen_address address;
    int error;
    _Atomic uint32_t done;
};

static const char *_Atomic served;

static int64_t monotonic_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * second + now.tv_nsec;
}

/* --- Listening ---------------------------------------------------------------------------------------------------- */

/* A socket that listens at an address, which gets its port; -1 with errno set. */
static int listen_at(struct listen_address *address)
{
    static const int on = 1, off = 0;
    int family = address->socket.ss_family;
    int fd = descriptors_keep(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, address->is_any ? &off : &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address->socket, address->size) == 0 && listen(fd, backlog) == 0 &&
        getsockname(fd, (struct sockaddr *)&address->socket, &address->size) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Where a machine lacks one of the protocols, localhost and every interface are to be had by the other. */
static int listen_somewhere(struct listen_address *address)
{
    int fd = listen_at(address);
    if (fd >= 0 || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) || !(address->is_any || address->is_localhost))
        return fd;
    listen_address_switch_protocol(address);
    return listen_at(address);
}

/* --- Serving ------------------------------------------------------------------------------------------------------ */

/* A place for one more client: a free one, or that of a client that has been idle for some time; NULL for none. */
static struct connection *find_place(struct server *server, int64_t now)
{
    struct connection *idle = NULL;
    for (int i = 0; i < connections_most; i++) {
        struct connection *c = &server->connections[i];
        if (c->fd < 0)
            return c;
        if (connection_is_idle(c, now) && (!idle || c->deadline < idle->deadline))
            idle = c;
    }
    if (idle)
        connection_close(idle);
    return idle;
}

static void accept_clients(struct server *server, int64_t now)
{
    static const int on = 1;
    for (struct connection *place; (place = find_place(server, now));) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                server->accepts_from = now + accept_pause;
            return;
        }
        fd = descriptors_keep(fd);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection_open(place, fd, pages_mem(), now);
    }
}

/* Whether there is room for another client now. */
static bool can_accept(const struct server *server, int64_t now)
{
    bool room = false;
    for (int i = 0; i < connections_most && !room; i++)
        room = server->connections[i].fd < 0 || connection_is_idle(&server->connections[i], now);
    return room && now >= server->accepts_from;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Fills in what to poll for, and returns when to wake at the latest. */
static int64_t prepare(struct server *server, int64_t now)
{
    int64_t until = INT64_MAX;
    for (int i = 0; i < connections_most; i++) {
        const struct connection *c = &server->connections[i];
        server->polls[i] = (struct pollfd){.fd = c->fd};
        if (c->fd < 0)
            continue;
        server->polls[i].events = connection_events(c);
        until = earlier(until, c->has_more && c->state == connection_reads_head ? now : c->deadline);
    }
    bool accepts = can_accept(server, now);
    server->polls[connections_most] = (struct pollfd){.fd = accepts ? server->listener : -1, .events = POLLIN};
    return accepts ? until : earlier(until, now + accept_pause);
}

/* Milliseconds from now, rounded up, for poll. */
static int timeout_of(int64_t until, int64_t now)
{
    int64_t left = until == INT64_MAX ? -1 : until - now;
    if (left <= 0)
        return until == INT64_MAX ? -1 : 0;
    return left > 3600 * second ? 3600 * 1000 : (int)((left + 999999) / 1000000);
}

static void serve(struct server *server)
{
    for (int64_t now;;) {
        now = monotonic_nanos();
        int64_t until = prepare(server, now);
        if (poll(server->polls, connections_most + 1, timeout_of(until, now)) < 0)
            continue;
        now = monotonic_nanos();
        for (int i = 0; i < connections_most; i++) {
            struct connection *c = &server->connections[i];
            bool is_due = c->fd >= 0 && (server->polls[i].revents || c->has_more || now >= c->deadline);
            if (is_due && !connection_step(c, server->polls[i].revents, now))
                connection_close(c);
        }
        if (server->polls[connections_most].revents)
            accept_clients(server, now);
    }
}

/* --- The thread --------------------------------------------------------------------------------------------------- */

/* Publishes where we serve; the text lives for ever. */
static int publish(const struct listen_address *address)
{
    char *text = mem_get(pages_mem(), listen_address_text);
    if (!text)
        return ENOMEM;
    listen_address_write(address, text);
    atomic_store(&served, text);
    return 0;
}

/* Makes the server; NULL with start->error set. */
static struct server *create(struct start *start)
{
    struct server *server = mem_get(pages_mem(), sizeof *server);
    if (!server) {
        start->error = ENOMEM;
        return NULL;
    }
    memset(server, 0, sizeof *server);
    for (int i = 0; i < connections_most; i++)
        server->connections[i].fd = -1;
    server->listener = listen_somewhere(&start->address);
    start->error = server->listener < 0 ? errno : publish(&start->address);
    if (start->error == 0)
        return server;
    if (server->listener >= 0)
        close(server->listener);
    mem_put(pages_mem(), server, sizeof *server);
    return NULL;
}

static void *run(void *argument)
{
    struct start *start = argument;
    prctl(PR_SET_NAME, "sonde-http");
    heap_ignore_this_thread();
    descriptors_separate();
    struct server *server = create(start);
    atomic_store(&start->done, 1);
    syscall(SYS_futex, &start->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (server)
        serve(server);
    return NULL;
}

int server_start(struct str address)
{
    struct start start = {.error = 0};
    if (!listen_address_parse(address, &start.address))
        return EINVAL;
    int error = threads_start_own(run, &start);
    if (error != 0)
        return error;
    while (!atomic_load(&start.done))
        syscall(SYS_futex, &start.done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return start.error;
}

const char *server_address(void)
{
    return atomic_load(&served);
}

void server_fork_child(void)
{
    atomic_store(&served, NULL);
}
