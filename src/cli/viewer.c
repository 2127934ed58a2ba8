#include "cli/viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"

enum { most_programs = 8 };

/* --- What to start --- */

static const char *const browsers[] = {"chrome", "google-chrome", "chromium", "firefox", "sensible-browser"};

/* The commands to try, in order. Returns how many. */
static size_t list_programs(enum viewer viewer, const char *programs[most_programs])
{
    static const char *const others[] = {[viewer_eog] = "eog",
                                         [viewer_evince] = "evince",
                                         [viewer_gv] = "gv --noantialias",
                                         [viewer_kcachegrind] = "kcachegrind"};
    const char *chosen = getenv("BROWSER"), *display = getenv("DISPLAY");
    size_t n = 0;
    if (viewer != viewer_browser) {
        programs[n++] = others[viewer];
        return n;
    }
    if (chosen && chosen[0])
        programs[n++] = chosen;
    for (size_t i = 0; i < sizeof browsers / sizeof *browsers; i++)
        programs[n++] = browsers[i];
    if (display && display[0])
        programs[n++] = "xdg-open"; /* last: it may know no better than to edit the file */
    return n;
}

/* Splits a command at every space and puts the path behind it. */
static char **words_of(struct arena *arena, const char *command, const char *path)
{
    size_t n = 1;
    for (const char *c = command; *c; c++)
        n += *c == ' ';
    char **words = arena_new(arena, char *, n + 2), *rest = (char *)arena_str(arena, str_of(command)).p;
    if (!words || !rest)
        return NULL;
    for (size_t i = 0; i < n; i++)
        words[i] = strsep(&rest, " ");
    words[n] = (char *)arena_str(arena, str_of(path)).p;
    return words[n] ? words : NULL;
}

/* --- Starting it --- */

/* Starts a program whose streams but stderr lead nowhere. 0, or why it cannot be started. */
static int start(char **words, bool apart, pid_t *child)
{
    posix_spawn_file_actions_t streams;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&streams);
    posix_spawn_file_actions_addopen(&streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&streams, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    if (apart) /* in a group of its own: Ctrl-C at the prompt is not for it */
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int failure = posix_spawnp(child, words[0], &streams, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&streams);
    return failure;
}

static bool wait_for(pid_t child, const char *program, struct buf *error)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return true; /* its end is nobody's to ask for */
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status))
        buf_printf(error, "%s: exit status %d", program, WEXITSTATUS(status));
    else
        buf_printf(error, "%s: %s", program, strsignal(WTERMSIG(status)));
    return false;
}

static void say_none(const char *const *programs, size_t n, int failure, struct buf *error)
{
    buf_str(error, STR("no viewer could be started; tried"));
    for (size_t i = 0; i < n; i++)
        buf_printf(error, "%s %s", i == 0 ? "" : ",", programs[i]);
    buf_printf(error, " (%s)%s", strerror(failure), n > 1 ? "; BROWSER may name another" : "");
}

bool viewer_show(enum viewer viewer, const char *path, bool wait, struct buf *error)
{
    const char *programs[most_programs];
    struct arena arena;
    struct timespec ready;
    int failure = ENOENT;
    pid_t child = 0;
    size_t n = list_programs(viewer, programs), at = 0;
    arena_init(&arena, error->mem);
    clock_gettime(CLOCK_MONOTONIC, &ready);
    ready.tv_sec++;
    for (; at < n && failure != 0; at++) {
        char **words = words_of(&arena, programs[at], path);
        failure = words ? start(words, !wait, &child) : ENOMEM;
    }
    if (failure != 0)
        say_none(programs, n, failure, error);
    bool fine = failure == 0 && (!wait || wait_for(child, programs[at - 1], error));
    if (failure == 0)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ready, NULL);
    arena_finish(&arena);
    return fine;
}

/* --- Files --- */

void shown_files_init(struct shown_files *files, struct mem *mem)
{
    *files = (struct shown_files){.paths = {0}};
    arena_init(&files->arena, mem);
}

const char *shown_files_add(struct shown_files *files, const char *suffix, struct buf *error)
{
    struct mem *mem = files->arena.mem;
    const char *folder = getenv("TMPDIR"), *kept = NULL;
    struct output output;
    struct buf path;
    buf_init(&path, mem);
    bool fine = output_create_numbered(&output, folder && folder[0] ? folder : "/tmp", "pprof", suffix, &path, error);
    if (fine && output_close(&output, error)) {
        kept = arena_str(&files->arena, buf_text(&path)).p;
        if (!kept || !vec_push(&files->paths, mem, kept))
            kept = NULL;
    }
    if (fine && !kept)
        unlink(path.p);
    buf_finish(&path);
    return kept;
}

void shown_files_finish(struct shown_files *files)
{
    for (size_t i = 0; i < files->paths.n; i++)
        unlink(files->paths.at[i]);
    vec_finish(&files->paths, files->arena.mem);
    arena_finish(&files->arena);
}
