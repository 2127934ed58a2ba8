#include "runtime/task_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/str.h"

/* --- Files -------------------------------------------------------------------------------------------------------- */

static int open_path(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

/* Writes the id in decimal and returns where it ends. */
static char *put_id(char *at, pid_t id)
{
    char digits[12];
    int n = 0;
    do
        digits[n++] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

/* Reads a thread's file into buffer, as a string; "" when it can't. */
static struct str read_file(pid_t tid, const char *file, char *buffer, size_t size)
{
    char path[64] = "/proc/self/task/";
    char *end = put_id(path + strlen(path), tid);
    *end++ = '/';
    strcpy(end, file);
    int fd = open_path(path, O_RDONLY);
    if (fd < 0)
        return (struct str){buffer, 0};
    size_t n = 0;
    long got;
    while (n < size - 1 && (got = syscall(SYS_read, fd, buffer + n, size - 1 - n)) > 0)
        n += (size_t)got;
    syscall(SYS_close, fd);
    buffer[n] = 0;
    return (struct str){buffer, n};
}

/* --- The list ----------------------------------------------------------------------------------------------------- */

/* As getdents64 writes it. */
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* A thread's id; 0 for "." and "..". */
static pid_t id_of_name(const char *name)
{
    pid_t id = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        id = id * 10 + (*name - '0');
    return id;
}

static bool visit_entries(const char *bytes, long n, bool (*visit)(void *, pid_t), void *context)
{
    const struct directory_entry *entry;
    for (long at = 0; at < n; at += entry->size) {
        entry = (const struct directory_entry *)(bytes + at);
        pid_t tid = id_of_name(entry->name);
        if (tid > 0 && !visit(context, tid))
            return false;
    }
    return true;
}

int task_list(bool (*visit)(void *context, pid_t tid), void *context)
{
    int saved = errno, error = 0;
    int fd = open_path("/proc/self/task", O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        error = errno;
        errno = saved;
        return error;
    }
    _Alignas(struct directory_entry) char bytes[2048];
    long n;
    do
        n = syscall(SYS_getdents64, fd, bytes, sizeof bytes);
    while (n > 0 && visit_entries(bytes, n, visit, context));
    if (n < 0)
        error = errno;
    syscall(SYS_close, fd);
    errno = saved;
    return error;
}

/* --- One thread --------------------------------------------------------------------------------------------------- */

static bool is_digit(char c, unsigned base)
{
    return (c >= '0' && c <= '9') || (base == 16 && c >= 'a' && c <= 'f');
}

/* A number in decimal or, after 0x, in hexadecimal; false where there is none. Goes past it and the blanks before. */
static bool take_number(struct str *text, uint64_t *number)
{
    while (text->n > 0 && (*text->p == ' ' || *text->p == '\t' || *text->p == ':'))
        *text = str_skip(*text, 1);
    unsigned base = 10;
    if (str_starts_with(*text, STR("0x"))) {
        base = 16;
        *text = str_skip(*text, 2);
    }
    if (text->n == 0 || !is_digit(*text->p, base))
        return false;
    for (*number = 0; text->n > 0 && is_digit(*text->p, base); *text = str_skip(*text, 1))
        *number = *number * base + (uint64_t)(*text->p <= '9' ? *text->p - '0' : *text->p - 'a' + 10);
    return true;
}

/* "29021 (name) S 1 ...": the name may hold anything, so the state stands after the last parenthesis. */
static void read_stat(struct str text, struct task *task)
{
    size_t open = str_find(text, STR("("), 0), close = str_find_last_byte(text, ')');
    if (close >= text.n || open >= close)
        return;
    size_t n = close - open - 1;
    if (n >= task_name_size)
        n = task_name_size - 1;
    memcpy(task->name, text.p + open + 1, n);
    task->name[n] = 0;
    if (close + 2 < text.n)
        task->state = text.p[close + 2];
}

/* "230 0x0 ... 0x7ffd43340718 0x7f3b6289e503": the call, six arguments, stack pointer, program counter. "running" while
 * it runs; "-1 0x7ffd43340718 0x7f3b6289e503" when it is stopped outside of a call. */
static void read_call(struct str text, struct task *task)
{
    uint64_t call = 0, arguments[task_call_arguments] = {0}, sp, pc;
    bool in_call = !str_starts_with(text, STR("-1 "));
    if (!in_call)
        text = str_skip(text, 3);
    else if (!take_number(&text, &call))
        return;
    for (int i = 0; i < task_call_arguments && in_call; i++)
        if (!take_number(&text, &arguments[i]))
            return;
    if (!take_number(&text, &sp) || !take_number(&text, &pc))
        return;
    task->in_call = in_call;
    task->call = (int64_t)call;
    memcpy(task->arguments, arguments, sizeof arguments);
    task->sp = sp;
    task->pc = pc;
}

/* The hexadecimal mask after "SigBlk:"; bit 0 is signal 1. */
static bool blocks_sigprof(struct str status)
{
    size_t at = str_find(status, STR("SigBlk:"), 0);
    uint64_t mask = 0;
    for (size_t i = at + strlen("SigBlk:") + 1; i < status.n && is_digit(status.p[i], 16); i++)
        mask = mask << 4 | (uint64_t)(status.p[i] <= '9' ? status.p[i] - '0' : status.p[i] - 'a' + 10);
    return mask >> (SIGPROF - 1) & 1;
}

/* The number after "voluntary_ctxt_switches:". */
static uint64_t switches(struct str status)
{
    const struct str name = STR("\nvoluntary_ctxt_switches:");
    struct str text = str_skip(status, str_find(status, name, 0) + name.n);
    uint64_t count;
    return take_number(&text, &count) ? count : 0;
}

bool task_read(pid_t tid, struct task *task)
{
    int saved = errno;
    char buffer[4096];
    struct task read = {.state = '?'};
    struct str stat = read_file(tid, "stat", buffer, sizeof buffer);
    bool found = stat.n > 0;
    read_stat(stat, &read);
    struct str status = read_file(tid, "status", buffer, sizeof buffer);
    read.blocks_sigprof = blocks_sigprof(status);
    read.switches = switches(status);
    /* The last, since it decides whether the thread may be sent a signal: the shorter ago the better. */
    read_call(read_file(tid, "syscall", buffer, sizeof buffer), &read);
    if (found)
        *task = read;
    errno = saved;
    return found;
}

/* --- What its call means ------------------------------------------------------------------------------------------ */

/* Calls with a time out that was set on the socket end early; without one they start again. */
static bool socket_times_out(uint64_t fd, int option)
{
    struct timeval limit = {0};
    socklen_t size = sizeof limit;
    int saved = errno;
    bool known = syscall(SYS_getsockopt, (int)fd, SOL_SOCKET, option, &limit, &size) == 0;
    errno = saved;
    return known && (limit.tv_sec != 0 || limit.tv_usec != 0);
}

static bool futex_waits_with_time_out(const struct task *task)
{
    switch (task->arguments[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
        return task->arguments[3] != 0;
    default:
        return false;
    }
}

bool task_call_is_cut_short(const struct task *task)
{
    if (!task->in_call)
        return false;
    switch (task->call) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_restart_syscall:
    case SYS_pause:
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_io_getevents:
    case SYS_io_pgetevents:
    case SYS_io_uring_enter:
    case SYS_futex_waitv:
        return true;
    case SYS_futex:
        return futex_waits_with_time_out(task);
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_accept:
    case SYS_accept4:
        return socket_times_out(task->arguments[0], SO_RCVTIMEO);
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_connect:
        return socket_times_out(task->arguments[0], SO_SNDTIMEO);
    default:
        return false;
    }
}

static const char *call_activity(const struct task *task)
{
    switch (task->call) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_restart_syscall:
        return "sleep";
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
        return "IO wait";
    case SYS_futex:
    case SYS_futex_waitv:
        return "semacquire";
    default:
        return "syscall";
    }
}

const char *task_activity(const struct task *task)
{
    switch (task->state) {
    case 'R':
        return "running";
    case 'T':
    case 't':
        return "stopped";
    default:
        return task->in_call ? call_activity(task) : "syscall";
    }
}
