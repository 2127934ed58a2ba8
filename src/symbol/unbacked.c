#include "symbol/unbacked.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "symbol/jit_dump.h"
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

static bool set_place(struct unbacked *unbacked, uint32_t location, const struct jit_place *place)
{
    uint32_t name = profile_string(unbacked->profile, place->name);
    uint32_t file = profile_string(unbacked->profile, place->file);
    struct profile_function function = {.name = name, .system_name = name, .filename = file};
    return name != PROFILE_NONE && file != PROFILE_NONE && line_edits_begin(unbacked->edits, location) &&
           line_edits_add(unbacked->edits, function, place->line, 0);
}

static bool set_name(struct unbacked *unbacked, uint32_t location, struct str name)
{
    return set_place(unbacked, location, &(struct jit_place){.name = name, .file = STR("")});
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

/* The number between two words that a name consists of; 0 where it has another form. */
static uint32_t pid_between(struct str name, struct str before, struct str behind)
{
    uint64_t pid = 0;
    if (!str_starts_with(name, before) || !str_ends_with(name, behind) || name.n < before.n + behind.n)
        return 0;
    for (size_t i = before.n; i < name.n - behind.n; i++) {
        if (name.p[i] < '0' || name.p[i] > '9' || pid > INT32_MAX / 10)
            return 0;
        pid = pid * 10 + (uint64_t)(name.p[i] - '0');
    }
    return (uint32_t)pid;
}

/* The pid in "/tmp/perf-PID.map"; 0 where a mapping has another name. */
static uint32_t pid_of_map(struct str file)
{
    return pid_between(file, STR("/tmp/perf-"), STR(".map"));
}

/* The pid in "FOLDER/jit-PID.dump". JIT compilers map that file, executable, so that perf takes note of it. */
static uint32_t pid_of_dump(struct str file)
{
    size_t slash = str_find_last_byte(file, '/');
    return pid_between(slash < file.n ? str_skip(file, slash + 1) : file, STR("jit-"), STR(".dump"));
}

static bool is_anonymous(struct str file)
{
    static const struct str names[] = {{"//anon", 6}, {"/dev/zero", 9}, {"/anon_hugepage", 14},
                                       {"[heap]", 6}, {"[stack", 6},    {"[anon", 5},
                                       {"/SYSV", 5},  {"/memfd:", 7},   {"/tmp/perf-", 10}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_starts_with(file, names[i]))
            return true;
    }
    return file.n == 0 || pid_of_dump(file) != 0;
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

/* The mapping that is the dump of a process, or of whichever process where pid is 0 and there is one dump; PROFILE_NONE
 * for none. */
static uint32_t find_dump(const struct profile *profile, uint32_t pid)
{
    uint32_t found = PROFILE_NONE;
    for (uint32_t m = 0; m < profile->nmappings; m++) {
        uint32_t own = pid_of_dump(profile_text(profile, profile->mappings[m].file));
        if (own == 0 || (pid != 0 && own != pid))
            continue;
        if (found != PROFILE_NONE && profile->mappings[found].file != profile->mappings[m].file)
            return PROFILE_NONE;
        found = m;
    }
    return found;
}

/* Reads what a JIT compiler wrote. Anybody can put a file there: it must be a regular one of this user's or of root's,
 * and no link. */
static bool read_notes(const char *path, struct buf *text, struct buf *notes)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_uid == geteuid() || status.st_uid == 0)) {
        if (read_all(fd, text))
            return true;
        buf_printf(notes, "Ignoring %s: it cannot be read, or is too large\n", path);
        return false;
    }
    buf_printf(notes, "Ignoring %s: it is not a file of this user or of root\n", path);
    close(fd);
    return false;
}

static bool read_perf_map(uint32_t pid, struct buf *text, struct buf *notes)
{
    char path[40];
    snprintf(path, sizeof path, "/tmp/perf-%u.map", pid);
    return read_notes(path, text, notes);
}

static bool read_jit_dump(const struct profile *profile, uint32_t pid, struct buf *bytes, struct buf *notes)
{
    uint32_t mapping = find_dump(profile, pid);
    struct buf path;
    if (mapping == PROFILE_NONE)
        return false;
    buf_init(&path, profile->mem);
    buf_str(&path, profile_text(profile, profile->mappings[mapping].file));
    buf_byte(&path, '\0');
    bool fine = !path.failed && read_notes(path.p, bytes, notes);
    if (fine && jit_dump_pid(buf_text(bytes)) != pid) {
        buf_printf(notes, "Ignoring %s: it is not what a JIT compiler wrote of process %u\n", path.p, pid);
        fine = false;
    }
    buf_finish(&path);
    return fine;
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

/* Fills places[n] for addresses of one process: by its dump, and by its list of names what that does not know. */
static bool find_places(struct unbacked *unbacked, uint32_t pid, const uint64_t *addresses, size_t n,
                        struct jit_place *places, struct buf *dump, struct buf *map)
{
    struct mem *mem = unbacked->profile->mem;
    struct str *names = mem_get_array(mem, n, sizeof *names);
    if (!names)
        return false;
    read_jit_dump(unbacked->profile, pid, dump, unbacked->notes);
    bool fine = jit_dump_resolve(buf_text(dump), addresses, n, places, mem);
    if (fine && read_perf_map(pid, map, unbacked->notes)) {
        fine = perf_map_resolve(buf_text(map), addresses, n, names, mem);
        for (size_t i = 0; i < n && fine; i++)
            places[i].name = places[i].name.n > 0 ? places[i].name : names[i];
    }
    mem_put(mem, names, n * sizeof *names);
    return fine;
}

/* Names n locations of one process, which are by address. */
static bool name_process(struct unbacked *unbacked, const struct anonymous *locations, size_t n,
                         struct profile_mapping *mapping)
{
    struct mem *mem = unbacked->profile->mem;
    uint64_t *addresses = mem_get_array(mem, n, sizeof *addresses);
    struct jit_place *places = mem_get_array(mem, n, sizeof *places);
    struct buf dump, map;
    buf_init(&dump, mem);
    buf_init(&map, mem);
    for (size_t i = 0; i < n && addresses; i++)
        addresses[i] = locations[i].address;
    bool fine = addresses && places && find_places(unbacked, locations[0].pid, addresses, n, places, &dump, &map);
    for (size_t i = 0; i < n && fine; i++) {
        if (places[i].name.n == 0)
            continue;
        fine = set_place(unbacked, locations[i].location, &places[i]);
        mapping->has_functions = true;
        mapping->has_filenames = mapping->has_filenames || places[i].file.n > 0;
        mapping->has_line_numbers = mapping->has_line_numbers || places[i].line > 0;
    }
    buf_finish(&map);
    buf_finish(&dump);
    mem_put(mem, places, n * sizeof *places);
    mem_put(mem, addresses, n * sizeof *addresses);
    return fine;
}

/* The process that code of a location was made in; 0 for not known. */
static uint32_t pid_of_location(const struct unbacked *unbacked, uint32_t location, uint32_t only)
{
    uint32_t pid = unbacked->pids[location];
    return pid == (uint32_t)several_pids ? 0 : pid != 0 ? pid : only;
}

static bool name_jit(struct unbacked *unbacked, uint32_t number, const uint32_t *locations, uint32_t n)
{
    struct profile *profile = unbacked->profile;
    struct profile_mapping *mapping = &profile->mappings[number];
    struct str file = profile_text(profile, mapping->file);
    uint32_t own = pid_of_map(file) ? pid_of_map(file) : pid_of_dump(file), dump = find_dump(profile, 0);
    uint32_t only = dump == PROFILE_NONE ? 0 : pid_of_dump(profile_text(profile, profile->mappings[dump].file));
    struct anonymous *all = mem_get_array(profile->mem, n, sizeof *all);
    bool fine = all && (own != 0 || find_pids(unbacked));
    for (uint32_t i = 0; i < n && fine; i++)
        all[i] = (struct anonymous){profile->locations[locations[i]].address,
                                    own ? own : pid_of_location(unbacked, locations[i], only), locations[i]};
    if (fine)
        qsort(all, n, sizeof *all, by_pid_and_address);
    for (uint32_t from = 0, end = 0; from < n && fine; from = end) {
        while (end < n && all[end].pid == all[from].pid)
            end++;
        if (all[from].pid != 0)
            fine = name_process(unbacked, all + from, end - from, mapping);
    }
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
