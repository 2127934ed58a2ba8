/* What happens when the library comes into a program that knows nothing of it, by LD_PRELOAD: SONDE_HTTP=ADDR serves,
 * and what called us is taken out of the environment, so that the program's children are programs as ever.
 *
 * The environment is changed in place, past setenv and unsetenv: shells define those themselves, and have not
 * initialized what they need when we run. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "runtime/command_line.h"
#include "runtime/heap.h"
#include "runtime/pages.h"
#include "runtime/server.h"
#include "runtime/start.h"

/* Says one line on the standard error, in one write. */
static void say(struct buf *line)
{
    buf_byte(line, '\n');
    if (!line->failed && write(STDERR_FILENO, line->p, line->n) < 0)
        errno = 0; /* nobody is there to hear it */
    buf_finish(line);
}

static struct buf begin_line(void)
{
    struct buf line;
    buf_init(&line, pages_mem());
    buf_str(&line, STR("sonde: "));
    return line;
}

/* The value of a variable where `entry` is its definition; p is NULL otherwise. */
static struct str value_of(const char *entry, const char *name)
{
    size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=' ? str_of(entry + n + 1) : (struct str){0};
}

static struct str find_variable(char *const *environment, const char *name)
{
    struct str value = {0};
    for (; environment && *environment && !value.p; environment++)
        value = value_of(*environment, name);
    return value;
}

/* "libsonde.so", "/usr/lib/libsonde.so.0" */
static bool is_ours(struct str library)
{
    struct str name =
        str_skip(library, str_find_last_byte(library, '/') < library.n ? str_find_last_byte(library, '/') + 1 : 0);
    return str_equal(name, STR("libsonde.so")) || str_starts_with(name, STR("libsonde.so."));
}

static bool separates(char c)
{
    return c == ':' || c == ' ';
}

/* Takes our entries out of the list of libraries to preload, in place; false where none is left. */
static bool remove_ours(char *list)
{
    char *to = list;
    for (char *from = list; *from;) {
        size_t n = 0;
        while (from[n] && !separates(from[n]))
            n++;
        size_t with = n + (from[n] != '\0');
        if (n > 0 && !is_ours((struct str){from, n})) {
            memmove(to, from, with);
            to += with;
        }
        from += with;
    }
    while (to > list && separates(to[-1]))
        to--;
    *to = '\0';
    return to > list;
}

static void clean(char **environment)
{
    char **to = environment;
    for (char **from = environment; from && *from; from++) {
        bool keep = strncmp(*from, "SONDE_", 6) != 0;
        if (value_of(*from, "LD_PRELOAD").p)
            keep = remove_ours(*from + strlen("LD_PRELOAD="));
        if (keep)
            *to++ = *from;
    }
    if (to)
        *to = NULL;
}

static void check_rate(char *const *environment)
{
    struct str text = find_variable(environment, "SONDE_MEMPROFILERATE");
    uint64_t rate;
    if (!text.p || text.n == 0 || heap_parse_rate(text.p, &rate))
        return;
    struct buf line = begin_line();
    buf_printf(&line, "SONDE_MEMPROFILERATE: expected a number of bytes, not \"%.*s\"", STR_ARG(str_first(text, 100)));
    say(&line);
}

static const char *why(int error)
{
    return error == EINVAL ? "expected HOST:PORT, with a number or localhost as the host" : strerrordesc_np(error);
}

static void serve(char *const *environment)
{
    struct str address = find_variable(environment, "SONDE_HTTP");
    if (!address.p || address.n == 0)
        return;
    int error = server_start(address);
    struct buf line = begin_line();
    if (error == 0)
        buf_printf(&line, "serving http://%s/debug/pprof/", server_address());
    else
        buf_printf(&line, "cannot serve on %.*s: %s", STR_ARG(str_first(address, 100)), why(error));
    say(&line);
}

__attribute__((constructor(102))) static void begin(int argc, char **argv, char **environment)
{
    int saved = errno;
    start_ensure();
    command_line_remember(argc, argv);
    heap_rate(); /* looks at the environment if nothing was allocated yet */
    if (!getauxval(AT_SECURE)) {
        check_rate(environment);
        serve(environment);
    }
    clean(environment);
    errno = saved;
}
