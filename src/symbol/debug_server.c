#include "symbol/debug_server.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/debuginfod.h>

#define SERVER_FUNCTIONS(X)                                                                                            \
    X(debuginfod_begin)                                                                                                \
    X(debuginfod_end)                                                                                                  \
    X(debuginfod_find_debuginfo)                                                                                       \
    X(debuginfod_find_executable)                                                                                      \
    X(debuginfod_find_source)                                                                                          \
    X(debuginfod_set_progressfn)

struct debug_server {
    struct mem *mem;
    debug_server_progress *progress;
    void *to;
    struct buf *notes;
    struct str what; /* being fetched */
    bool shown;      /* progress was told of it */
    bool begun, refused;
    debuginfod_client *client;
#define MEMBER(name) __typeof__ (&(name))(name);
    SERVER_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* The one that asks now: the library's callback is told of its client alone, which it could only ask for more. */
static struct debug_server *asking;

/* Seconds without a hundred kilobytes more after which a server is given up, unless the user says otherwise. The
 * library's own 90 are long to wait for a report. */
static const char *const patience = "30";

struct debug_server *debug_server_create(struct mem *mem, debug_server_progress *progress, void *to, struct buf *notes)
{
    const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);
    if (!urls || urls[strspn(urls, " ")] == '\0')
        return NULL;
    struct debug_server *server = mem_get(mem, sizeof *server);
    if (server)
        *server = (struct debug_server){.mem = mem, .progress = progress, .to = to, .notes = notes};
    return server;
}

void debug_server_destroy(struct debug_server *server)
{
    if (!server)
        return;
    if (server->client)
        server->debuginfod_end(server->client);
    mem_put(server->mem, server, sizeof *server);
}

static bool load_library(struct debug_server *server)
{
    void *library = dlopen(DEBUGINFOD_SONAME, RTLD_NOW | RTLD_LOCAL);
#define RESOLVE(name)                                                                                                  \
    {                                                                                                                  \
        void *found = library ? dlsym(library, #name) : NULL;                                                          \
        if (!found)                                                                                                    \
            return false;                                                                                              \
        memcpy(&server->name, &found, sizeof found);                                                                   \
    }
    SERVER_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return true;
}

static int show_progress(debuginfod_client *client, long done, long total)
{
    (void)client;
    if (asking) {
        asking->shown = true;
        asking->progress(asking->to, asking->what, done < 0 ? 0 : done, total < 0 ? 0 : total);
    }
    return 0;
}

static bool begin(struct debug_server *server)
{
    server->begun = true;
    if (!load_library(server)) {
        buf_str(server->notes,
                STR("DEBUGINFOD_URLS is set, but " DEBUGINFOD_SONAME " is not here (Debian package libdebuginfod1)\n"));
        return false;
    }
    setenv(DEBUGINFOD_TIMEOUT_ENV_VAR, patience, 0);
    server->client = server->debuginfod_begin();
    if (!server->client)
        return false;
    if (server->progress)
        server->debuginfod_set_progressfn(server->client, show_progress);
    return true;
}

/* Whether a server may be asked now. */
static bool can_ask(struct debug_server *server)
{
    if (!server || server->refused)
        return false;
    if (!server->begun && !begin(server))
        server->refused = true;
    return !server->refused;
}

static void begin_asking(struct debug_server *server, struct str what)
{
    server->what = what;
    server->shown = false;
    asking = server;
}

/* Takes what the library answered: a descriptor, or an error less than 0. */
static bool end_asking(struct debug_server *server, int result, char *found, struct buf *path)
{
    asking = NULL;
    if (server->shown)
        server->progress(server->to, server->what, -1, -1);
    if (result < 0) {
        server->refused = result != -ENOENT;
        if (server->refused)
            buf_printf(server->notes, "Asking for debug information: %s; no more is asked for.\n", strerror(-result));
        return false;
    }
    close(result);
    path->n = 0;
    buf_str(path, str_of(found));
    buf_byte(path, '\0');
    free(found);
    return !path->failed;
}

/* Puts a build id into a string; false where it is longer than any. */
static bool terminate(struct str build_id, char id[129])
{
    if (build_id.n == 0 || build_id.n > 128)
        return false;
    memcpy(id, build_id.p, build_id.n);
    id[build_id.n] = '\0';
    return true;
}

bool debug_server_find(struct debug_server *server, enum debug_server_kind kind, struct str build_id, struct buf *path)
{
    char id[129], *found = NULL;
    if (!can_ask(server) || !terminate(build_id, id))
        return false;
    begin_asking(server, build_id);
    int result = kind == debug_server_executable
                     ? server->debuginfod_find_executable(server->client, (const unsigned char *)id, 0, &found)
                     : server->debuginfod_find_debuginfo(server->client, (const unsigned char *)id, 0, &found);
    return end_asking(server, result, found, path);
}

bool debug_server_find_source(struct debug_server *server, struct str build_id, struct str file, struct buf *path)
{
    char id[129], *found = NULL, *name;
    if (!can_ask(server) || !terminate(build_id, id) || !(name = strndup(file.p, file.n)))
        return false;
    begin_asking(server, file);
    int result = server->debuginfod_find_source(server->client, (const unsigned char *)id, 0, name, &found);
    free(name);
    return end_asking(server, result, found, path);
}
