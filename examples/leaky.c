/* A service with a leak that no crash will ever show: sessions that nobody closes stay in a table. It knows nothing of
 * profiling; run it under `sonde run` and compare two heap profiles:
 *
 *     sonde run -- leaky 60 &
 *     sonde pprof -proto -output before.pb.gz http://localhost:6060/debug/pprof/heap
 *     sleep 10
 *     sonde pprof -top -base before.pb.gz http://localhost:6060/debug/pprof/heap
 *
 * What grew is session_open; request_handle, which allocates far more, gives everything back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { sessions_most = 1 << 20, requests_per_tick = 1000, one_in = 50, ticks_per_second = 100 };

struct session {
    char user[64];
    char history[4000];
};

static struct session *sessions[sessions_most];
static size_t nsessions;

/* The leak: a session is closed only by clients that say goodbye, and one in fifty does not. */
static struct session *session_open(unsigned user)
{
    struct session *session = calloc(1, sizeof *session);
    if (session)
        snprintf(session->user, sizeof session->user, "user%u", user);
    return session;
}

static void session_close(struct session *session)
{
    free(session);
}

static void request_handle(unsigned number)
{
    struct session *session = session_open(number);
    char *answer = malloc(20000);
    if (answer)
        memset(answer, (int)(number % 256), 20000);
    if (session && answer)
        memcpy(session->history, answer, sizeof session->history);
    free(answer);
    if (number % one_in != 0)
        session_close(session);
    else if (nsessions < sessions_most)
        sessions[nsessions++] = session;
}

int main(int argc, char **argv)
{
    const struct timespec tick = {0, 1000000000 / ticks_per_second};
    int ticks = (argc > 1 ? atoi(argv[1]) : 60) * ticks_per_second;
    unsigned number = 0;
    for (int i = 0; i < ticks; i++) {
        for (int j = 0; j < requests_per_tick; j++)
            request_handle(++number);
        nanosleep(&tick, NULL);
    }
    printf("%u requests, %zu sessions still open\n", number, nsessions);
    return EXIT_SUCCESS;
}
