/* The command takes this process over by exec, so that its exit status, its signals and its terminal are its own. All
 * that is said here is said before that. */
#include "cli/cmd_run.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/tool_mem.h"

/* As shells have it. */
enum { exit_cannot_run = 126, exit_not_found = 127 };

static const char usage[] =
    "usage: sonde run [-http=ADDR] [-rate=BYTES] [--] COMMAND [ARGUMENT]...\n"
    "\n"
    "Runs a command with libsonde preloaded, which serves its profiles while it runs:\n"
    "\n"
    "  sonde run -- ./app\n"
    "  sonde pprof http://localhost:6060/debug/pprof/heap\n"
    "\n"
    "  -http=ADDR   where to serve (localhost:6060); port 0 takes a free one, :6060 serves on every\n"
    "               interface, and an empty ADDR does not serve\n"
    "  -rate=BYTES  bytes allocated between two samples of the heap profile (524288); 1 samples every\n"
    "               block, 0 none\n"
    "\n"
    "The programs that the command starts are not profiled.\n";

static const char library_name[] = "libsonde.so";

static int fail(int status, const char *subject, const char *why)
{
    fprintf(stderr, "sonde run: %s: %s\n", subject, why);
    return status;
}

/* --- The library -------------------------------------------------------------------------------------------------- */

static bool library_in(const char *folder, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, library_name);
    return n < PATH_MAX && access(path, R_OK) == 0;
}

/* Finds the library beside this program, or else where it was installed. */
static bool find_library(char path[PATH_MAX])
{
    char folder[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (n > 0) {
        folder[n] = '\0';
        *strrchr(folder, '/') = '\0';
        if (library_in(folder, path))
            return true;
    }
    return library_in(SONDE_LIBDIR, path);
}

/* --- The command -------------------------------------------------------------------------------------------------- */

/* What keeps the dynamic linker from preloading a library into an ELF file; NULL for nothing. */
static const char *elf_obstacle(int fd)
{
    Elf64_Ehdr header;
    if (pread(fd, &header, sizeof header, 0) < (ssize_t)sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return NULL; /* a script, or what exec refuses */
    Elf64_Ehdr own;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool known = self >= 0 && pread(self, &own, sizeof own, 0) == (ssize_t)sizeof own;
    if (self >= 0)
        close(self);
    if (known && (header.e_machine != own.e_machine || header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS]))
        return "is for another architecture than libsonde.so";
    if (header.e_phentsize != sizeof(Elf64_Phdr))
        return NULL;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        if (pread(fd, &segment, sizeof segment, (off_t)(header.e_phoff + i * sizeof segment)) !=
            (ssize_t)sizeof segment)
            return NULL;
        if (segment.p_type == PT_INTERP)
            return NULL;
    }
    return "is statically linked, so that no library can be preloaded into it; link it with libsonde.a instead";
}

static const char *obstacle(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL; /* it may be run without being read */
    const char *found = elf_obstacle(fd);
    if (fstat(fd, &status) == 0 && geteuid() != 0 && status.st_mode & (S_ISUID | S_ISGID))
        found = "is set-user-ID or set-group-ID, so that no library can be preloaded into it";
    close(fd);
    return found;
}

/* Finds a command as execvp does; false with errno set. */
static bool find_command(const char *command, char path[PATH_MAX])
{
    int error = ENOENT;
    const char *folders = getenv("PATH");
    if (strchr(command, '/')) {
        snprintf(path, PATH_MAX, "%s", command);
        return access(path, X_OK) == 0;
    }
    for (const char *at = folders ? folders : "/bin:/usr/bin"; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        int n = (int)strcspn(at, ":");
        struct stat status;
        snprintf(path, PATH_MAX, "%.*s%s%s", n, at, n > 0 ? "/" : "", command);
        if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (access(path, X_OK) == 0)
            return true;
        error = EACCES;
    }
    errno = error;
    return false;
}

/* --- The environment ---------------------------------------------------------------------------------------------- */

static bool set_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    struct buf list;
    buf_init(&list, tool_mem());
    buf_printf(&list, "%s%s%s", library, others && *others ? ":" : "", others ? others : "");
    buf_byte(&list, '\0');
    bool ok = setenv("LD_PRELOAD", list.p, 1) == 0;
    buf_finish(&list);
    return ok;
}

static bool set_environment(const char *library, const char *address, int64_t rate)
{
    char bytes[24];
    snprintf(bytes, sizeof bytes, "%lld", (long long)rate);
    return set_preload(library) && (address[0] ? setenv("SONDE_HTTP", address, 1) : unsetenv("SONDE_HTTP")) == 0 &&
           (rate < 0 || setenv("SONDE_MEMPROFILERATE", bytes, 1) == 0);
}

static int run(char **command, const char *address, int64_t rate)
{
    char library[PATH_MAX], path[PATH_MAX];
    if (!find_library(library))
        return fail(exit_failure, library_name, "is neither beside this program nor in " SONDE_LIBDIR);
    if (strpbrk(library, ": "))
        return fail(exit_failure, library, "the dynamic linker preloads no file whose path has a colon or a blank");
    if (!find_command(command[0], path))
        return fail(errno == ENOENT ? exit_not_found : exit_cannot_run, command[0], strerror(errno));
    const char *why = obstacle(path);
    if (why)
        return fail(exit_failure, path, why);
    if (!set_environment(library, address, rate))
        return fail(exit_failure, "environment", strerror(errno));
    execvp(path, command);
    return fail(exit_cannot_run, command[0], strerror(errno));
}

static int wrong_usage(const char *error)
{
    fprintf(stderr, "sonde run: %s\n`sonde run --help` shows how it is called\n", error);
    return exit_usage;
}

int cmd_run(int argc, char **argv)
{
    const char *address = "localhost:6060";
    int64_t rate = -1;
    const struct flag all[] = {{"http", flag_text, &address}, {"rate", flag_int, &rate}};
    struct flags flags = {.all = all, .n = sizeof all / sizeof *all};
    struct buf error;
    int status = -1;
    if (getenv("SONDE_HTTP"))
        address = getenv("SONDE_HTTP");
    buf_init(&error, tool_mem());
    switch (flags_parse(&flags, argc, argv, &error)) {
    case flags_help:
        fputs(usage, stdout);
        status = exit_fine;
        break;
    case flags_wrong:
        buf_byte(&error, '\0');
        status = wrong_usage(error.p);
        break;
    case flags_fine:
        break;
    }
    buf_finish(&error);
    if (status >= 0)
        return status;
    if (rate < -1)
        return wrong_usage("-rate: expected 0 or more bytes");
    if (flags.next >= argc)
        return wrong_usage("expected a command to run");
    return run(argv + flags.next, address, rate);
}
