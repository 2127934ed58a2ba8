#include "symbol/unbacked.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "symbol/perf_map.h"

enum { largest_list = 256 << 20, several_pids = -1 };

void unbacked_init(struct unbacked *unbacked, struct profile *profile, struct line_edits *edits,
                   const char *kallsyms_path, struct buf *notes)
{
    *unbacked = (struct unbacked){
        .profile = profile, .edits = edits, .notes = notes, .kallsyms_path = kallsyms_path, .kernel.mem = profile->mem};
    buf_init(&unbacked->kernel_text, profile->mem);
}

void unbacked_finish(struct unbacked *unbacked)
{
    kallsyms_finish(&unbacked->kernel);
    buf_finish(&unbacked->kernel_text);
    mem_put(unbacked->profile->mem, unbacked->pids, ((uint64_t)unbacked->profile->nlocations + 1) * sizeof(uint32_t));
}

/* Reads all of a descriptor, up to a limit, and closes it. */
static bool read_all(int fd, struct buf *text)
{
    enum { step = 1 << 16 };
    ssize_t n = -1;
    while (text->n < largest_list) {
        char *to = buf_reserve(text, step);
        n = to ? read(fd, to, step) : -1;
        if (n <= 0)
            break;
        text->n += (size_t)n;
    }
    close(fd);
    return n == 0;
}

static bool set_name(struct unbacked *unbacked, uint32_t location, struct str name)
{
    uint32_t text = profile_string(unbacked->profile, name);
    struct profile_function function = {.name = text, .system_name = text};
    return text != PROFILE_NONE && line_edits_begin(unbacked->edits, location) &&
           line_edits_add(unbacked->edits, function, 0, 0);
}

/* --- The kernel --- */

static bool is_kernel(struct str file)
{
    return str_starts_with(file, STR("[kernel.kallsyms]")) || str_starts_with(file, STR("[guest.kernel.kallsyms"));
}

static bool is_module(struct str file)
{
    static const struct str others[] = {{"[vdso]", 6},         {"[vsyscall]", 10}, {"[heap]", 6},    {"[stack", 6},
                                        {"[anon", 5},          {"[uprobes]", 9},   {"[unknown]", 9}, {"[vvar", 5},
                                        {"[guest.kernel", 13}, {"[kernel", 7}};
    if (!str_starts_with(file, STR("[")) || !str_ends_with(file, STR("]")))
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (str_starts_with(file, others[i]))
            return false;
    }
    return true;
}

/* The build id among the notes of the running kernel. */
static void read_kernel_id(struct unbacked *unbacked)
{
    enum { build_id_note = 3 };
    struct buf notes;
    int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
    buf_init(&notes, unbacked->profile->mem);
    struct cursor c = fd >= 0 && read_all(fd, &notes) ? cursor_over(notes.p, notes.n, 0) : cursor_over(NULL, 0, 0);
    while (cursor_left(&c) > 0) {
        uint32_t name_size = cursor_u32le(&c), size = cursor_u32le(&c), type = cursor_u32le(&c);
        struct str name = cursor_bytes(&c, ((uint64_t)name_size + 3) & ~3u);
        struct str id = cursor_bytes(&c, ((uint64_t)size + 3) & ~3u);
        if (type != build_id_note || !str_starts_with(name, STR("GNU")) || size > 32 || size > id.n)
            continue;
        for (uint32_t i = 0; i < size; i++) {
            unbacked->kernel_id[2 * i] = "0123456789abcdef"[(uint8_t)id.p[i] >> 4];
            unbacked->kernel_id[2 * i + 1] = "0123456789abcdef"[id.p[i] & 15];
        }
        unbacked->kernel_id[2 * size] = '\0';
        break;
    }
    buf_finish(&notes);
}

static bool read_kernel(struct unbacked *unbacked)
{
    const char *path = unbacked->kallsyms_path ? unbacked->kallsyms_path : "/proc/kallsyms";
    if (unbacked->kernel_read)
        return true;
    unbacked->kernel_read = true;
    read_kernel_id(unbacked);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool fine = fd >= 0 && read_all(fd, &unbacked->kernel_text);
    if (!fine) {
        buf_printf(unbacked->notes, "%s cannot be read: functions of the kernel have no names.\n", path);
        return !unbacked->kernel_text.failed;
    }
    if (!kallsyms_init(&unbacked->kernel, buf_text(&unbacked->kernel_text), unbacked->profile->mem))
        return false;
    unbacked->kernel_usable = unbacked->kernel.at.n > 0;
    if (unbacked->kernel.hidden)
        buf_printf(unbacked->notes,
                   "%s shows no addresses (kernel.kptr_restrict): functions of the kernel have no names.\n", path);
    else if (!unbacked->kernel_usable)
        buf_printf(unbacked->notes, "%s lists no functions of the kernel.\n", path);
    return true;
}

/* Whether the list is of the kernel that a mapping is of, and how much further on it is now than it was then: each boot
 * may put it elsewhere. perf names in the mapping the symbol whose address then is the offset. */
static bool find_slide(struct unbacked *unbacked, const struct profile_mapping *mapping, uint64_t *slide)
{
    struct str file = profile_text(unbacked->profile, mapping->file);
    struct str build_id = profile_text(unbacked->profile, mapping->build_id);
    struct str symbol = str_skip(file, str_find(file, STR("]"), 0) + 1);
    struct str text = buf_text(&unbacked->kernel_text);
    bool given = unbacked->kallsyms_path != NULL;
    if (!given && (build_id.n == 0 || !str_equal(build_id, str_of(unbacked->kernel_id))))
        return false;
    if (symbol.n > 0 && mapping->offset != 0) {
        uint64_t now = kallsyms_address(text, symbol);
        *slide = now - mapping->offset;
        return now != 0;
    }
    *slide = 0;
    return given || (mapping->start != 0 && (kallsyms_address(text, STR("_text")) == mapping->start ||
                                             kallsyms_address(text, STR("_stext")) == mapping->start));
}

static bool name_kernel(struct unbacked *unbacked, uint32_t number, const uint32_t *locations, uint32_t n)
{
    struct profile_mapping *mapping = &unbacked->profile->mappings[number];
    struct str file = profile_text(unbacked->profile, mapping->file);
    bool module = is_module(file);
    uint64_t slide = 0;
    if (!read_kernel(unbacked))
        return false;
    if (!unbacked->kernel_usable)
        return true;
    bool right = module ? unbacked->same_boot || unbacked->kallsyms_path : find_slide(unbacked, mapping, &slide);
    if (!right) {
        if (!unbacked->told && !module)
            buf_str(unbacked->notes, STR("The kernel that was profiled is not known to be the one that runs here: its "
                                         "functions have no names (-kallsyms names a list).\n"));
        unbacked->told = true;
        return true;
    }
    unbacked->same_boot = unbacked->same_boot || (!module && slide == 0);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t address = unbacked->profile->locations[locations[i]].address + slide;
        const struct kernel_symbol *symbol = kallsyms_find(&unbacked->kernel, address);
        if (!symbol || !str_equal(symbol->module, module ? file : STR("")))
            continue;
        if (!set_name(unbacked, locations[i], symbol->name))
            return false;
        mapping->has_functions = true;
    }
    return true;
}

/* --- JIT compilers --- */

static bool is_anonymous(struct str file)
{
    static const struct str names[] = {{"//anon", 6}, {"/dev/zero", 9}, {"/anon_hugepage", 14},
                                       {"[heap]", 6}, {"[stack", 6},    {"[anon", 5},
                                       {"/SYSV", 5},  {"/memfd:", 7},   {"/tmp/perf-", 10}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_starts_with(file, names[i]))
            return true;
    }
    return file.n == 0;
}

/* The process that a sample is of, by the label that perf's samples have; 0 for none. */
static uint32_t pid_of_sample(const struct profile *profile, uint32_t sample)
{
    for (uint64_t i = profile->label_start[sample]; i < profile->label_start[sample + 1]; i++) {
        const struct profile_label *label = &profile->labels[i];
        if (label->is_num && label->num > 0 && label->num <= INT32_MAX &&
            str_equal(profile_text(profile, label->key), STR("pid")))
            return (uint32_t)label->num;
    }
    return 0;
}

/* Finds out of which process each location is. One that several have is of none. */
static bool find_pids(struct unbacked *unbacked)
{
    const struct profile *profile = unbacked->profile;
    if (unbacked->pids)
        return true;
    unbacked->pids = mem_get_array(profile->mem, (uint64_t)profile->nlocations + 1, sizeof *unbacked->pids);
    if (!unbacked->pids)
        return false;
    memset(unbacked->pids, 0, ((size_t)profile->nlocations + 1) * sizeof *unbacked->pids);
    for (uint32_t s = 0; s < profile->nsamples; s++) {
        uint32_t pid = pid_of_sample(profile, s), stack = profile->stack[s];
        for (uint64_t f = profile->stack_start[stack]; pid != 0 && f < profile->stack_start[stack + 1]; f++) {
            uint32_t *known = &unbacked->pids[profile->frames[f]];
            *known = *known == 0 || *known == pid ? pid : (uint32_t)several_pids;
        }
    }
    return true;
}

/* The pid in "/tmp/perf-PID.map"; 0 where a mapping has another name. */
static uint32_t pid_of_name(struct str file)
{
    uint64_t pid = 0;
    if (!str_starts_with(file, STR("/tmp/perf-")) || !str_ends_with(file, STR(".map")))
        return 0;
    for (size_t i = 10; i < file.n - 4; i++) {
        if (file.p[i] < '0' || file.p[i] > '9' || pid > INT32_MAX / 10)
            return 0;
        pid = pid * 10 + (uint64_t)(file.p[i] - '0');
    }
    return (uint32_t)pid;
}

/* Anybody can put a file there: it must be a regular one of this user's or of root's, and no link. */
static bool read_perf_map(uint32_t pid, struct buf *text, struct buf *notes)
{
    char path[40];
    struct stat status;
    snprintf(path, sizeof path, "/tmp/perf-%u.map", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_uid == geteuid() || status.st_uid == 0))
        return read_all(fd, text);
    buf_printf(notes, "Ignoring %s: it is not a file of this user or of root\n", path);
    close(fd);
    return false;
}

/* A location of anonymous memory. */
struct anonymous {
    uint64_t address;
    uint32_t pid, location;
};

static int by_pid_and_address(const void *a, const void *b)
{
    const struct anonymous *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

/* Names n locations of one process, which are by address. */
static bool name_process(struct unbacked *unbacked, const struct anonymous *locations, size_t n, bool *named)
{
    struct mem *mem = unbacked->profile->mem;
    uint64_t *addresses = mem_get_array(mem, n, sizeof *addresses);
    struct str *names = mem_get_array(mem, n, sizeof *names);
    struct buf text;
    bool fine = addresses && names;
    buf_init(&text, mem);
    for (size_t i = 0; i < n && fine; i++)
        addresses[i] = locations[i].address;
    if (fine && read_perf_map(locations[0].pid, &text, unbacked->notes)) {
        fine = perf_map_resolve(buf_text(&text), addresses, n, names, mem);
        for (size_t i = 0; i < n && fine; i++) {
            if (names[i].n == 0)
                continue;
            fine = set_name(unbacked, locations[i].location, names[i]);
            *named = true;
        }
    }
    buf_finish(&text);
    mem_put(mem, names, n * sizeof *names);
    mem_put(mem, addresses, n * sizeof *addresses);
    return fine;
}

static bool name_jit(struct unbacked *unbacked, uint32_t number, const uint32_t *locations, uint32_t n)
{
    struct profile *profile = unbacked->profile;
    struct profile_mapping *mapping = &profile->mappings[number];
    uint32_t own = pid_of_name(profile_text(profile, mapping->file));
    struct anonymous *all = mem_get_array(profile->mem, n, sizeof *all);
    bool fine = all && (own != 0 || find_pids(unbacked)), named = false;
    for (uint32_t i = 0; i < n && fine; i++)
        all[i] = (struct anonymous){profile->locations[locations[i]].address, own ? own : unbacked->pids[locations[i]],
                                    locations[i]};
    if (fine)
        qsort(all, n, sizeof *all, by_pid_and_address);
    for (uint32_t from = 0, end = 0; from < n && fine; from = end) {
        while (end < n && all[end].pid == all[from].pid)
            end++;
        if (all[from].pid != 0 && all[from].pid != (uint32_t)several_pids)
            fine = name_process(unbacked, all + from, end - from, &named);
    }
    mapping->has_functions = mapping->has_functions || named;
    mem_put(profile->mem, all, n * sizeof *all);
    return fine;
}

bool unbacked_name(struct unbacked *unbacked, uint32_t mapping, const uint32_t *locations, uint32_t n)
{
    struct str file = profile_text(unbacked->profile, unbacked->profile->mappings[mapping].file);
    if (is_kernel(file) || is_module(file))
        return name_kernel(unbacked, mapping, locations, n);
    return !is_anonymous(file) || name_jit(unbacked, mapping, locations, n);
}
