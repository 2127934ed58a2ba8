#include "symbol/debug.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

enum { deepest_inlining = 128 };

/* Addresses [start, end) that a unit says are its own. */
struct span {
    uint64_t start, end;
    uint32_t unit;
    uint64_t reach; /* the greatest end of this span and those before it */
};

struct unit {
    Dwarf_Die die;  /* ranges and line table */
    Dwarf_Die tree; /* functions: the same, or the split unit's */
};

/* A function or inlined call that addresses lie in. */
struct scope {
    const struct scope *caller; /* NULL for a function */
    Dwarf_Die die;
};

/* An address, and what was found around it. */
struct place {
    uint64_t address;
    size_t index; /* as the caller counts */
    uint32_t unit;
    const struct scope *scope; /* the innermost; NULL for none */
};

struct walk {
    struct mem *mem;
    struct arena arena; /* scopes and paths; emptied after each unit */
    VEC(struct unit) units;
    VEC(struct span) spans;
    struct place *places; /* of each address, by unit and then ascending */
    bool *known;
    binary_sink *sink;
    void *to;
};

/* A run of places of one unit: those of indices [from, end). */
struct run {
    size_t from, end;
};

static size_t first_at_or_after(const struct walk *walk, struct run run, uint64_t address)
{
    while (run.from < run.end) {
        size_t middle = run.from + (run.end - run.from) / 2;
        if (walk->places[middle].address < address)
            run.from = middle + 1;
        else
            run.end = middle;
    }
    return run.from;
}

static struct run run_within(const struct walk *walk, struct run run, uint64_t start, uint64_t end)
{
    struct run within = {first_at_or_after(walk, run, start), 0};
    within.end = first_at_or_after(walk, (struct run){within.from, run.end}, end);
    return within;
}

/* --- Units --- */

static bool add_spans(struct walk *walk, uint32_t number)
{
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(&walk->units.at[number].die, at, &base, &start, &end)) > 0) {
        if (start < end && !vec_push(&walk->spans, walk->mem, (struct span){start, end, number, 0}))
            return false;
    }
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1) : (x->unit > y->unit) - (x->unit < y->unit);
}

static bool read_units(struct walk *walk, Dwarf *dwarf)
{
    Dwarf_CU *at = NULL;
    Dwarf_Die die, split;
    uint8_t kind;
    while (dwarf_get_units(dwarf, at, &at, NULL, &kind, &die, &split) == 0) {
        if (kind == DW_UT_type || kind == DW_UT_partial)
            continue;
        struct unit unit = {die, kind == DW_UT_skeleton && dwarf_tag(&split) != DW_TAG_invalid ? split : die};
        if (!vec_push(&walk->units, walk->mem, unit) || !add_spans(walk, (uint32_t)walk->units.n - 1))
            return false;
    }
    if (walk->spans.n > 0)
        qsort(walk->spans.at, walk->spans.n, sizeof *walk->spans.at, by_start);
    for (size_t i = 0; i < walk->spans.n; i++) {
        struct span *span = &walk->spans.at[i];
        span->reach = i > 0 && walk->spans.at[i - 1].reach > span->end ? walk->spans.at[i - 1].reach : span->end;
    }
    return true;
}

/* The narrowest is not asked for: spans of units overlap only by mistake, and then the last to begin is right. */
static uint32_t find_unit(const struct walk *walk, uint64_t address)
{
    size_t low = 0, high = walk->spans.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (walk->spans.at[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low > 0 && walk->spans.at[low - 1].reach > address; low--) {
        if (walk->spans.at[low - 1].end > address)
            return walk->spans.at[low - 1].unit;
    }
    return UINT32_MAX;
}

/* --- Scopes --- */

static bool walk_scope(struct walk *walk, Dwarf_Die *die, struct run run, const struct scope *scope, unsigned depth);

/* Puts a scope around the addresses of a run and looks what is within it. */
static bool enter(struct walk *walk, Dwarf_Die *die, struct run run, const struct scope *caller, unsigned depth)
{
    struct scope *scope = arena_new(&walk->arena, struct scope, 1);
    if (!scope)
        return false;
    *scope = (struct scope){caller, *die};
    for (size_t i = run.from; i < run.end; i++)
        walk->places[i].scope = scope;
    return walk_scope(walk, die, run, scope, depth + 1);
}

/* Visits a block or an inlined call within a function. */
static bool walk_part(struct walk *walk, Dwarf_Die *part, struct run run, const struct scope *scope, unsigned depth)
{
    bool inlined = dwarf_tag(part) == DW_TAG_inlined_subroutine, ranged = false;
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(part, at, &base, &start, &end)) > 0) {
        struct run within = run_within(walk, run, start, end);
        ranged = true;
        if (within.from == within.end)
            continue;
        if (!(inlined ? enter(walk, part, within, scope, depth) : walk_scope(walk, part, within, scope, depth + 1)))
            return false;
    }
    return ranged || inlined || walk_scope(walk, part, run, scope, depth + 1);
}

static bool walk_scope(struct walk *walk, Dwarf_Die *die, struct run run, const struct scope *scope, unsigned depth)
{
    Dwarf_Die child;
    if (depth > deepest_inlining || dwarf_child(die, &child) != 0)
        return true;
    do {
        int tag = dwarf_tag(&child);
        if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
             tag == DW_TAG_catch_block) &&
            !walk_part(walk, &child, run, scope, depth))
            return false;
    } while (dwarf_siblingof(&child, &child) == 0);
    return true;
}

static bool holds_functions(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
           tag == DW_TAG_union_type || tag == DW_TAG_module || tag == DW_TAG_enumeration_type;
}

/* Looks for functions below a DIE that hold addresses of the run. Functions within functions (of C, of lambdas) are
 * looked for only where `nested` asks for it: it means to read all of every function. */
static bool walk_functions(struct walk *walk, Dwarf_Die *die, struct run run, bool nested, unsigned depth)
{
    Dwarf_Die child;
    if (depth > deepest_inlining || dwarf_child(die, &child) != 0)
        return true;
    do {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_subprogram) {
            Dwarf_Addr base, start, end;
            ptrdiff_t at = 0;
            while ((at = dwarf_ranges(&child, at, &base, &start, &end)) > 0) {
                struct run within = run_within(walk, run, start, end);
                if (within.from < within.end && !enter(walk, &child, within, NULL, depth))
                    return false;
            }
        }
        bool deeper = holds_functions(tag) || (nested && (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block));
        if (deeper && !walk_functions(walk, &child, run, nested, depth + 1))
            return false;
    } while (dwarf_siblingof(&child, &child) == 0);
    return true;
}

/* --- Frames --- */

static struct str text_of(const char *text)
{
    return text ? str_of(text) : STR("");
}

static struct str name_of(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name = NULL;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
        dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
        name = dwarf_formstring(&attribute);
    return text_of(name ? name : dwarf_diename(die));
}

static int64_t number_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 || value > INT32_MAX)
        return 0;
    return (int64_t)value;
}

/* A path as libdw joins it may still be relative to where the unit was compiled. */
static struct str whole_path(struct walk *walk, struct unit *unit, const char *path)
{
    Dwarf_Attribute attribute;
    const char *folder = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute));
    if (!path || path[0] == '/' || !folder || folder[0] != '/')
        return text_of(path);
    struct str whole = arena_printf(&walk->arena, "%s/%s", folder, path);
    return whole.p ? whole : text_of(path);
}

/* The name of a file that a unit gave a number. */
static struct str file_of(struct walk *walk, struct unit *unit, int64_t number)
{
    Dwarf_Files *files;
    size_t n;
    if (dwarf_getsrcfiles(&unit->tree, &files, &n) != 0 || (uint64_t)number >= n)
        return STR("");
    return whole_path(walk, unit, dwarf_filesrc(files, (size_t)number, NULL, NULL));
}

static void place_of(struct walk *walk, struct unit *unit, uint64_t address, struct binary_frame *frame)
{
    Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
    int number = 0;
    if (!line)
        return;
    frame->file = whole_path(walk, unit, dwarf_linesrc(line, NULL, NULL));
    if (dwarf_lineno(line, &number) == 0)
        frame->line = number;
    if (dwarf_linecol(line, &number) == 0)
        frame->column = number;
}

/* Tells the frames of one address: the place of the innermost comes from the line table, that of each caller from where
 * the call was inlined. Code of assemblers has lines but no functions: its one frame has no name. */
static bool tell(struct walk *walk, const struct place *at)
{
    struct unit *unit = &walk->units.at[at->unit];
    struct binary_frame frames[deepest_inlining + 1];
    size_t n = 0;
    struct binary_frame frame = {.name = STR(""), .file = STR("")};
    place_of(walk, unit, at->address, &frame);
    for (const struct scope *scope = at->scope; scope && n <= deepest_inlining; scope = scope->caller) {
        Dwarf_Die die = scope->die;
        frame.name = name_of(&die);
        frame.start_line = number_of(&die, DW_AT_decl_line);
        frames[n++] = frame;
        if (scope->caller)
            frame = (struct binary_frame){.file = file_of(walk, unit, number_of(&die, DW_AT_call_file)),
                                          .line = number_of(&die, DW_AT_call_line),
                                          .column = number_of(&die, DW_AT_call_column)};
    }
    if (n == 0 && frame.line != 0)
        frames[n++] = frame;
    if (n == 0)
        return true;
    walk->known[at->index] = true;
    return walk->sink(walk->to, at->index, frames, n, true);
}

static bool resolve_run(struct walk *walk, struct run run)
{
    struct unit *unit = &walk->units.at[walk->places[run.from].unit];
    bool found = true, fine = walk_functions(walk, &unit->tree, run, false, 0);
    for (size_t i = run.from; i < run.end; i++)
        found = found && walk->places[i].scope;
    if (fine && !found)
        fine = walk_functions(walk, &unit->tree, run, true, 0);
    for (size_t i = run.from; i < run.end && fine; i++)
        fine = tell(walk, &walk->places[i]);
    arena_finish(&walk->arena);
    return fine;
}

static int by_unit(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

/* Fills in the places whose unit is known and returns how many they are. */
static size_t find_places(struct walk *walk, const uint64_t *addresses, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t unit = find_unit(walk, addresses[i]);
        if (unit != UINT32_MAX)
            walk->places[found++] = (struct place){addresses[i], i, unit, NULL};
    }
    if (found > 0)
        qsort(walk->places, found, sizeof *walk->places, by_unit);
    return found;
}

bool debug_resolve(Dwarf *dwarf, struct mem *mem, const uint64_t *addresses, size_t n, bool *known, binary_sink *sink,
                   void *to)
{
    struct walk walk = {.mem = mem, .known = known, .sink = sink, .to = to};
    bool fine = read_units(&walk, dwarf);
    arena_init(&walk.arena, mem);
    walk.places = fine ? mem_get_array(mem, n, sizeof *walk.places) : NULL;
    fine = walk.places || n == 0;
    size_t found = walk.places ? find_places(&walk, addresses, n) : 0;
    for (struct run run = {0, 0}; run.from < found && fine; run.from = run.end) {
        while (run.end < found && walk.places[run.end].unit == walk.places[run.from].unit)
            run.end++;
        fine = resolve_run(&walk, run);
    }
    mem_put(mem, walk.places, n * sizeof *walk.places);
    vec_finish(&walk.spans, mem);
    vec_finish(&walk.units, mem);
    return fine;
}
