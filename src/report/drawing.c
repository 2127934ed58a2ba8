#include "report/drawing.h"

#include <dlfcn.h>
#include <errno.h>
#include <graphviz/gvc.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- The libraries --- */

#define LAYOUT_FUNCTIONS(X)                                                                                            \
    X(gvContext)                                                                                                       \
    X(gvParseArgs)                                                                                                     \
    X(gvLayoutJobs)                                                                                                    \
    X(gvRenderJobs)                                                                                                    \
    X(gvFinalize)

struct graphviz {
#define MEMBER(name) __typeof__ (&(name))(name);
    LAYOUT_FUNCTIONS(MEMBER)
    MEMBER(agmemread)
#undef MEMBER
};

static bool resolve(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found)
        memcpy(function, &found, sizeof found);
    return found;
}

static bool load(struct graphviz *graphviz, struct buf *error)
{
    void *graphs = dlopen("libcgraph.so.6", RTLD_NOW | RTLD_LOCAL);
    void *layouts = graphs ? dlopen("libgvc.so.6", RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!layouts) {
        buf_printf(error, "pictures need the package libgvc6: %s", dlerror());
        return false;
    }
#define RESOLVE(name) &&resolve(layouts, #name, &graphviz->name)
    bool all = resolve(graphs, "agmemread", &graphviz->agmemread) LAYOUT_FUNCTIONS(RESOLVE);
#undef RESOLVE
    if (!all)
        buf_printf(error, "pictures need another version of the package libgvc6: %s", dlerror());
    return all;
}

/* --- The process that draws --- */

/* Its exit statuses. */
enum drawn { drawn_fine, drawn_unread, drawn_no_layout, drawn_no_format, drawn_no_output };

/* Does what the program dot does with the arguments -Tformat, also so that graphviz knows by which name to speak. */
static enum drawn draw(const struct graphviz *graphviz, const char *dot, const char *format)
{
    char name[] = "dot", wanted[32];
    char *arguments[] = {name, wanted, NULL};
    snprintf(wanted, sizeof wanted, "-T%s", format);
    GVC_t *context = graphviz->gvContext();
    if (!context)
        return drawn_unread;
    if (graphviz->gvParseArgs(context, 2, arguments) != 0)
        return drawn_no_format;
    Agraph_t *graph = graphviz->agmemread(dot);
    if (!graph)
        return drawn_unread;
    if (graphviz->gvLayoutJobs(context, graph) != 0)
        return drawn_no_layout;
    if (graphviz->gvRenderJobs(context, graph) != 0)
        return drawn_no_format;
    graphviz->gvFinalize(context); /* writes what ends the file in some formats */
    return fflush(stdout) == 0 && !ferror(stdout) ? drawn_fine : drawn_no_output;
}

static _Noreturn void draw_and_exit(const struct graphviz *graphviz, const char *dot, const char *format, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would look at the picture */
    setlocale(LC_ALL, "C");           /* as in the program dot: some libraries write numbers by it */
    if (dup2(fd, STDOUT_FILENO) < 0)
        _exit(drawn_no_output);
    close(fd);
    _exit(draw(graphviz, dot, format));
}

/* --- The process that waits --- */

static bool read_all(int fd, struct buf *out)
{
    enum { chunk = 64 << 10 };
    for (;;) {
        char *room = buf_reserve(out, chunk);
        ssize_t n = room ? read(fd, room, chunk) : -1;
        if (n > 0)
            out->n += (size_t)n;
        else if (n == 0)
            return true;
        else if (!room || errno != EINTR)
            return false;
    }
}

static bool judge(int status, bool whole, const char *format, struct buf *error)
{
    static const char *const reasons[] = {[drawn_unread] = "the graph cannot be read",
                                          [drawn_no_layout] = "there is no layout",
                                          [drawn_no_output] = "the picture cannot be handed over"};
    if (WIFSIGNALED(status))
        buf_printf(error, "graphviz broke off: %s", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == drawn_no_format)
        buf_printf(error, "graphviz does not write %s here; its plugins are in the package libgvc6", format);
    else if (WEXITSTATUS(status) != drawn_fine)
        buf_printf(error, "graphviz failed: %s",
                   WEXITSTATUS(status) <= drawn_no_output ? reasons[WEXITSTATUS(status)] : "it gave up");
    else if (!whole)
        buf_str(error, STR("graphviz's picture cannot be taken over"));
    else
        return true;
    return false;
}

/* Takes what a process draws, and its end. */
static bool collect(pid_t child, int fd, const char *format, struct buf *out, struct buf *error)
{
    int status = 0;
    size_t before = out->n;
    bool whole = read_all(fd, out);
    close(fd);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    bool fine = judge(status, whole, format, error);
    if (!fine)
        out->n = before;
    return fine;
}

static bool draw_apart(const struct graphviz *graphviz, const char *dot, const char *format, struct buf *out,
                       struct buf *error)
{
    int ends[2];
    if (pipe(ends) != 0) {
        buf_printf(error, "no pipe for the picture: %s", strerror(errno));
        return false;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        draw_and_exit(graphviz, dot, format, ends[1]);
    }
    close(ends[1]);
    if (child > 0)
        return collect(child, ends[0], format, out, error);
    buf_printf(error, "no process for the picture: %s", strerror(errno));
    close(ends[0]);
    return false;
}

bool drawing_make(struct str dot, const char *format, struct buf *out, struct buf *error)
{
    struct graphviz graphviz;
    struct buf text;
    if (!load(&graphviz, error))
        return false;
    buf_init(&text, out->mem);
    buf_str(&text, dot);
    buf_byte(&text, '\0');
    bool fine = !text.failed && draw_apart(&graphviz, text.p, format, out, error);
    if (text.failed)
        buf_str(error, STR("out of memory"));
    buf_finish(&text);
    return fine;
}
