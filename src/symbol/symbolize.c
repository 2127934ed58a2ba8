#include "symbol/symbolize.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "symbol/binary.h"
#include "symbol/line_edits.h"
#include "symbol/unbacked.h"

/* --- Modes --- */

static bool is_word(struct str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Reads one word; false where it is none. */
static bool read_word(struct symbolize_mode *mode, struct str word)
{
    static const char *const demangle_words[] = {[demangle_none] = "demangle=none",
                                                 [demangle_full] = "demangle=full",
                                                 [demangle_templates] = "demangle=templates"};
    for (size_t i = 0; i < sizeof demangle_words / sizeof *demangle_words; i++) {
        if (!demangle_words[i] || !is_word(word, demangle_words[i]))
            continue;
        mode->demangle = (enum demangle_mode)i;
        mode->force = true;
        return true;
    }
    if (is_word(word, "none") || is_word(word, "no"))
        mode->none = true;
    else if (is_word(word, "local") || is_word(word, "fastlocal"))
        mode->local = true, mode->remote = false, mode->fast = mode->fast || is_word(word, "fastlocal");
    else if (is_word(word, "remote"))
        mode->local = false, mode->remote = true;
    else if (is_word(word, "force"))
        mode->force = true;
    else if (is_word(word, "nocache"))
        mode->no_cache = true;
    else
        return word.n == 0 || is_word(word, "demangle=default");
    return true;
}

struct symbolize_mode symbolize_mode_parse(struct str words, struct buf *notes)
{
    struct symbolize_mode mode = {.local = true, .remote = true, .demangle = demangle_default};
    while (words.n > 0 && !mode.none) {
        size_t colon = str_find(words, STR(":"), 0);
        struct str word = str_first(words, colon);
        words = str_skip(words, colon + 1);
        if (!read_word(&mode, word))
            buf_printf(notes,
                       "ignoring \"%.*s\" of -symbolize: expected none, local, fastlocal, remote, force, nocache, "
                       "demangle=none, "
                       "demangle=full, demangle=templates or demangle=default\n",
                       STR_ARG(word));
    }
    return mode;
}

/* --- One mapping --- */

/* What is done about a mapping. */
enum need { need_nothing, need_all, need_lines };

struct wanted {
    uint64_t address; /* in the file's terms */
    uint32_t location;
};

struct job {
    struct profile *profile;
    const struct symbolize_mode *mode;
    const struct symbolize_help *help;
    struct buf *notes;
    struct line_edits edits;
    struct unbacked unbacked;
    struct buf name;      /* scratch */
    struct map demangled; /* from a string to what it stands for */

    /* The locations of all mappings, mapping by mapping. */
    uint32_t *locations;
    uint32_t *first; /* of each mapping; nmappings + 1 */

    struct wanted *wanted; /* of the mapping at work, by address */
    uint32_t *wanted_of;   /* first index in `wanted` of each distinct address; and one more */
    uint32_t nwanted;
    struct profile_mapping *mapping;
    enum need need;
    bool missing; /* a binary was not found */
};

static struct str base_name(struct str path)
{
    size_t slash = str_find_last_byte(path, '/');
    return slash == path.n ? path : str_skip(path, slash + 1);
}

/* Mappings that no file stands behind. */
static bool has_no_binary(struct str file)
{
    struct str base = base_name(file);
    return str_starts_with(base, STR("[")) || str_starts_with(base, STR("linux-vdso")) ||
           str_starts_with(file, STR("/dev/dri/")) || str_equal(file, STR("//anon")) ||
           str_starts_with(file, STR("/memfd:")) || str_starts_with(file, STR("/tmp/perf-")) ||
           str_starts_with(file, STR("/dev/zero")) || str_starts_with(file, STR("/anon_hugepage")) ||
           str_starts_with(file, STR("/SYSV")) ||
           (str_starts_with(base, STR("jit-")) && str_ends_with(base, STR(".dump")));
}

static bool is_http(struct str file)
{
    return strncasecmp(file.p, "http", file.n < 4 ? 0 : 4) == 0 && file.n > 4 && str_find(file, STR("://"), 0) < file.n;
}

static enum need need_of(const struct job *job, const struct profile_mapping *mapping)
{
    bool places = mapping->has_filenames || mapping->has_line_numbers;
    if (job->mode->force || (!mapping->has_functions && !places))
        return need_all;
    return places || mapping->build_id == 0 || job->mode->fast ? need_nothing : need_lines;
}

/* Sorts the locations into their mappings. */
static bool group_locations(struct job *job)
{
    const struct profile *profile = job->profile;
    uint32_t n = profile->nmappings;
    job->first = mem_get_array(profile->mem, n + 2, sizeof *job->first);
    job->locations = mem_get_array(profile->mem, profile->nlocations + 1, sizeof *job->locations);
    job->wanted = mem_get_array(profile->mem, profile->nlocations + 1, sizeof *job->wanted);
    job->wanted_of = mem_get_array(profile->mem, profile->nlocations + 1, sizeof *job->wanted_of);
    if (!job->first || !job->locations || !job->wanted || !job->wanted_of)
        return false;
    memset(job->first, 0, (n + 2) * sizeof *job->first);
    for (uint32_t l = 0; l < profile->nlocations; l++) {
        if (profile->locations[l].mapping < n)
            job->first[profile->locations[l].mapping + 2]++;
    }
    for (uint32_t m = 0; m < n; m++)
        job->first[m + 2] += job->first[m + 1];
    for (uint32_t l = 0; l < profile->nlocations; l++) {
        if (profile->locations[l].mapping < n)
            job->locations[job->first[profile->locations[l].mapping + 1]++] = l;
    }
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x->location > y->location) - (x->location < y->location);
}

/* Lists what is wanted of a mapping's binary, by address, and returns the distinct addresses, which are n. */
static uint64_t *list_wanted(struct job *job, uint32_t m, const struct binary *binary, size_t *n)
{
    const struct profile_mapping *mapping = &job->profile->mappings[m];
    uint32_t from = job->first[m], end = job->first[m + 1];
    uint64_t *addresses = mem_get_array(job->profile->mem, end - from, sizeof *addresses);
    job->nwanted = end - from;
    for (uint32_t i = from; i < end; i++) {
        uint64_t address = job->profile->locations[job->locations[i]].address;
        job->wanted[i - from] =
            (struct wanted){binary_address(binary, mapping->start, mapping->offset, address), job->locations[i]};
    }
    qsort(job->wanted, job->nwanted, sizeof *job->wanted, by_address);
    *n = 0;
    for (uint32_t i = 0; i < job->nwanted && addresses; i++) {
        if (i > 0 && job->wanted[i].address == job->wanted[i - 1].address)
            continue;
        job->wanted_of[*n] = i;
        addresses[(*n)++] = job->wanted[i].address;
    }
    job->wanted_of[*n] = job->nwanted;
    return addresses;
}

/* What a string stands for; PROFILE_NONE on exhaustion. Names are demangled here where they do not tell that they need
 * it: what a compiler writes for functions without a linker's name has template arguments, but is not mangled. Inlined
 * calls are of few functions, and so each name is demangled once. */
static uint32_t demangled_of(struct job *job, uint32_t name)
{
    uint32_t *known = map_add(&job->demangled, name, PROFILE_NONE);
    if (!known || name == PROFILE_NONE || *known != PROFILE_NONE)
        return known && name != PROFILE_NONE ? *known : PROFILE_NONE;
    struct str text = profile_text(job->profile, name);
    job->name.n = 0;
    if (!demangle(text, job->mode->demangle, &job->name))
        demangle_bare(text, job->mode->demangle, &job->name);
    return *known = job->name.failed ? PROFILE_NONE : profile_string(job->profile, buf_text(&job->name));
}

static bool function_of(struct job *job, const struct binary_frame *frame, struct profile_function *function)
{
    *function = (struct profile_function){.system_name = profile_string(job->profile, frame->name),
                                          .filename = profile_string(job->profile, frame->file),
                                          .start_line = frame->start_line};
    function->name = demangled_of(job, function->system_name);
    return function->name != PROFILE_NONE && function->system_name != PROFILE_NONE &&
           function->filename != PROFILE_NONE;
}

static bool add_frame(struct job *job, const struct binary_frame *frame)
{
    struct profile_function function;
    if (!function_of(job, frame, &function) || !line_edits_add(&job->edits, function, frame->line, frame->column))
        return false;
    job->mapping->has_functions |= frame->name.n > 0;
    job->mapping->has_filenames |= frame->file.n > 0;
    job->mapping->has_line_numbers |= frame->line != 0;
    return true;
}

static bool take_frames(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct job *job = to;
    if (job->need == need_lines && !from_debug)
        return true; /* the process knew as much */
    for (uint32_t w = job->wanted_of[index]; w < job->wanted_of[index + 1]; w++) {
        if (!line_edits_begin(&job->edits, job->wanted[w].location))
            return false;
        for (size_t i = 0; i < n; i++) {
            if (!add_frame(job, &frames[i]))
                return false;
        }
    }
    job->mapping->has_inline_frames = true;
    return true;
}

/* Opens a file where it is the mapping's binary: a build id that both have is the same, and one is needed where the
 * mapping has names already. NULL otherwise, with the reason in error. */
static struct binary *open_matching(const struct job *job, const char *path, struct str build_id, struct buf *error)
{
    struct binary *binary = binary_create(path, job->profile->mem, error);
    struct str found = binary ? binary_build_id(binary) : STR("");
    bool matches = str_equal(found, build_id) || (job->need == need_all && (found.n == 0 || build_id.n == 0));
    if (!binary || matches)
        return binary;
    buf_str(error, STR("build ID mismatch"));
    binary_destroy(binary);
    return NULL;
}

/* Debug information that was installed apart is found by its build id, also when the binary is gone; and so is what a
 * server has. */
static struct binary *open_by_build_id(const struct job *job, struct str build_id)
{
    struct debug_server *server = job->mode->fast ? NULL : job->help->server;
    struct buf path, error;
    struct binary *binary = NULL;
    if (build_id.n < 4)
        return NULL;
    buf_init(&path, job->profile->mem);
    buf_init(&error, job->profile->mem);
    buf_printf(&path, "/usr/lib/debug/.build-id/%.2s/%.*s.debug", build_id.p, (int)build_id.n - 2, build_id.p + 2);
    if (!path.failed && access(path.p, R_OK) == 0)
        binary = open_matching(job, path.p, build_id, &error);
    if (!binary && debug_server_find(server, debug_server_debug_info, build_id, &path))
        binary = open_matching(job, path.p, build_id, &error);
    if (!binary && debug_server_find(server, debug_server_executable, build_id, &path))
        binary = open_matching(job, path.p, build_id, &error);
    buf_finish(&error);
    buf_finish(&path);
    return binary;
}

static struct binary *open_binary(struct job *job)
{
    struct str file = profile_text(job->profile, job->mapping->file);
    struct str build_id = profile_text(job->profile, job->mapping->build_id);
    struct buf path, error;
    buf_init(&path, job->profile->mem);
    buf_init(&error, job->profile->mem);
    buf_printf(&path, "%.*s", STR_ARG(file));
    struct binary *binary = path.failed ? NULL : open_matching(job, path.p, build_id, &error);
    if (!binary)
        binary = open_by_build_id(job, build_id);
    if (!binary && job->need == need_all) {
        buf_printf(job->notes, "Local symbolization failed for %.*s", STR_ARG(base_name(file)));
        if (build_id.n > 0)
            buf_printf(job->notes, " (build ID %.*s)", STR_ARG(build_id));
        buf_printf(job->notes, ": %.*s\n", STR_ARG(buf_text(&error)));
        job->missing = job->missing || !str_equal(buf_text(&error), STR("build ID mismatch"));
    }
    buf_finish(&error);
    buf_finish(&path);
    return binary;
}

static bool symbolize_mapping(struct job *job, uint32_t m)
{
    size_t n;
    struct binary *binary = open_binary(job);
    if (!binary)
        return true;
    binary_set_server(binary, job->mode->fast ? NULL : job->help->server);
    uint64_t *addresses = list_wanted(job, m, binary, &n);
    bool fine = addresses != NULL;
    if (fine && job->help->cache && !job->mode->fast && !job->mode->no_cache)
        fine = symbol_cache_resolve(job->help->cache, binary, job->profile->mem, addresses, n, take_frames, job);
    else if (fine)
        fine = binary_resolve(binary, addresses, n, job->mode->fast, take_frames, job);
    mem_put(job->profile->mem, addresses, job->nwanted * sizeof *addresses);
    binary_destroy(binary);
    return fine;
}

/* Whether a mapping has a name under which its binary may be found; says so where it has not. */
static bool can_be_found(struct job *job, uint32_t m)
{
    struct str file = profile_text(job->profile, job->mapping->file);
    if (file.n > 0)
        return !has_no_binary(file) && !(job->mapping->build_id == 0 && is_http(file));
    if (m == 0)
        buf_str(job->notes, STR("Main binary filename not available.\n"));
    else
        job->missing = true;
    return false;
}

/* Whether a location of the mapping has a file or a line, whatever the mapping says: Go's runtime writes both, and says
 * that there are names alone. */
static bool has_places(const struct job *job, uint32_t m)
{
    const struct profile *profile = job->profile;
    for (uint32_t i = job->first[m]; i < job->first[m + 1]; i++) {
        uint32_t location = job->locations[i];
        for (uint32_t l = profile->line_start[location]; l < profile->line_start[location + 1]; l++) {
            const struct profile_line *line = &profile->lines[l];
            if (line->line != 0 || profile->functions[line->function].filename != 0)
                return true;
        }
    }
    return false;
}

static bool symbolize_mappings(struct job *job)
{
    bool fine = true;
    for (uint32_t m = 0; m < job->profile->nmappings && fine; m++) {
        job->mapping = &job->profile->mappings[m];
        job->need = need_of(job, job->mapping);
        if (job->first[m] == job->first[m + 1] || job->need == need_nothing)
            continue;
        if (job->need == need_lines && has_places(job, m))
            continue;
        if (job->need == need_all)
            fine = unbacked_name(&job->unbacked, m, job->locations + job->first[m], job->first[m + 1] - job->first[m]);
        if (fine && can_be_found(job, m))
            fine = symbolize_mapping(job, m);
    }
    if (job->missing)
        buf_str(job->notes, STR("Some binary filenames not available. Symbolization may be incomplete.\n"
                                "Try setting PPROF_BINARY_PATH to the search path for local binaries.\n"));
    return fine;
}

/* Most profiles need nothing, and then nothing is made for them. */
static bool needs_anything(const struct job *job)
{
    for (uint32_t m = 0; m < job->profile->nmappings; m++) {
        if (need_of(job, &job->profile->mappings[m]) != need_nothing)
            return true;
    }
    return false;
}

bool symbolize_profile(struct profile *profile, const struct symbolize_mode *mode, const struct symbolize_help *help,
                       struct buf *notes)
{
    struct job job = {.profile = profile, .mode = mode, .help = help, .notes = notes};
    if (!needs_anything(&job))
        return true;
    line_edits_init(&job.edits, profile);
    buf_init(&job.name, profile->mem);
    map_init(&job.demangled, profile->mem);
    unbacked_init(&job.unbacked, profile, &job.edits, help->kallsyms, notes);
    bool fine = group_locations(&job) && symbolize_mappings(&job) && line_edits_apply(&job.edits);
    uint64_t locations = (uint64_t)profile->nlocations + 1;
    mem_put(profile->mem, job.wanted_of, locations * sizeof *job.wanted_of);
    mem_put(profile->mem, job.wanted, locations * sizeof *job.wanted);
    mem_put(profile->mem, job.locations, locations * sizeof *job.locations);
    mem_put(profile->mem, job.first, ((uint64_t)profile->nmappings + 2) * sizeof *job.first);
    unbacked_finish(&job.unbacked);
    map_finish(&job.demangled);
    buf_finish(&job.name);
    line_edits_finish(&job.edits);
    return fine;
}

/* --- Demangling what has names --- */

/* Appends the name that go tool pprof gives a function whose linker's name this is. */
static void put_name(struct str system_name, enum demangle_mode mode, struct buf *out)
{
    if (demangle(system_name, mode, out))
        return;
    /* Other systems put an underscore before every symbol. */
    if (str_starts_with(system_name, STR("_")) && demangle(str_skip(system_name, 1), mode, out))
        return;
    demangle_simplify(system_name, mode, out);
}

bool symbolize_demangle(struct profile *profile, const struct symbolize_mode *mode)
{
    struct buf name;
    bool fine = true;
    buf_init(&name, profile->mem);
    for (uint32_t f = 0; f < profile->nfunctions && fine; f++) {
        struct profile_function *function = &profile->functions[f];
        if (mode->force && function->name != 0 && function->system_name != 0)
            function->name = function->system_name;
        if (mode->demangle == demangle_none || (function->name != 0 && function->system_name != function->name))
            continue;
        name.n = 0;
        put_name(profile_text(profile, function->system_name), mode->demangle, &name);
        uint32_t text = profile_string(profile, buf_text(&name));
        fine = text != PROFILE_NONE && !name.failed;
        if (fine)
            function->name = text;
    }
    buf_finish(&name);
    return fine;
}
