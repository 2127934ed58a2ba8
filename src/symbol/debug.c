#include "symbol/debug.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "symbol/dwarf_lines.h"

enum { deepest_inlining = 128, deepest_nesting = 256, longest_chain = 16, most_threads = 8 };

/* Units of fewer bytes together are read by one thread: starting another takes as long. */
static const uint64_t much = 4 << 20;

/* Addresses [start, end) that a unit says are its own. */
struct span {
    uint64_t start, end;
    uint32_t unit;
    uint64_t reach; /* the greatest end of this span and those before it */
};

/* A function or inlined call that addresses lie in. */
struct scope {
    struct scope *caller; /* NULL for a function */
    uint64_t entry;       /* its offset */
    bool described;
    struct str name;
    int64_t start_line, call_file, call_line, call_column;
};

/* An address, and what was found around it. */
struct place {
    uint64_t address;
    size_t index; /* as the caller counts */
    uint32_t unit;
    struct scope *scope; /* the innermost; NULL for none */
    const struct binary_frame *frames;
    uint32_t nframes;
};

/* Places [from, end), of one unit. */
struct run {
    size_t from, end;
};

struct resolving {
    struct dwarf *dwarf;
    VEC(struct span) spans;
    struct place *places;      /* of each address, by unit and then ascending */
    struct dwarf_place *lines; /* of each place */
    VEC(struct run) runs;
    struct dwarf_unit **splits; /* of each run the unit with its functions */
    atomic_size_t next;         /* the run that nobody has taken */
};

/* What one thread reads with. */
struct walk {
    struct resolving *all;
    struct dwarf_unit *unit, *tree; /* at work: lines, and functions: the same, or its split unit */
    struct arena scopes;            /* emptied after each unit */
    struct arena answers;           /* kept to the end */
    bool failed;                    /* memory was exhausted */
};

static size_t first_at_or_after(const struct walk *walk, struct run run, uint64_t address)
{
    while (run.from < run.end) {
        size_t middle = run.from + (run.end - run.from) / 2;
        if (walk->all->places[middle].address < address)
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

static bool add_spans(struct resolving *all, uint32_t number)
{
    const struct dwarf_unit *unit = &all->dwarf->units.at[number];
    struct dwarf_reader reader;
    struct dwarf_entry entry;
    struct dwarf_extent extent;
    struct dwarf_ranges ranges;
    uint64_t start, end;
    if (unit->kind != dw_ut_compile && unit->kind != dw_ut_skeleton)
        return true;
    if (!dwarf_reader_init(&reader, unit, unit->entries) || !dwarf_next(&reader, &entry))
        return true;
    dwarf_extent_read(&reader, entry.abbrev, &extent);
    dwarf_ranges_init(&ranges, unit, &extent);
    while (dwarf_ranges_next(&ranges, &start, &end)) {
        if (!vec_push(&all->spans, all->dwarf->mem, (struct span){start, end, number, 0}))
            return false;
    }
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1) : (x->unit > y->unit) - (x->unit < y->unit);
}

static bool list_spans(struct resolving *all)
{
    for (size_t i = 0; i < all->dwarf->units.n; i++) {
        if (!add_spans(all, (uint32_t)i))
            return false;
    }
    if (all->spans.n > 0)
        qsort(all->spans.at, all->spans.n, sizeof *all->spans.at, by_start);
    for (size_t i = 0; i < all->spans.n; i++) {
        struct span *span = &all->spans.at[i];
        span->reach = i > 0 && all->spans.at[i - 1].reach > span->end ? all->spans.at[i - 1].reach : span->end;
    }
    return true;
}

/* The narrowest is not asked for: spans of units overlap only by mistake, and then the last to begin is right. */
static uint32_t find_unit(const struct resolving *all, uint64_t address)
{
    size_t low = 0, high = all->spans.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->spans.at[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low > 0 && all->spans.at[low - 1].reach > address; low--) {
        if (all->spans.at[low - 1].end > address)
            return all->spans.at[low - 1].unit;
    }
    return UINT32_MAX;
}

/* --- Scopes --- */

static void walk_scope(struct walk *walk, struct dwarf_reader reader, struct run run, struct scope *scope,
                       unsigned depth);

/* Puts a scope around the addresses of a run and looks what is within it; the reader stands on its children. */
static void enter(struct walk *walk, const struct dwarf_reader *reader, const struct dwarf_entry *entry, struct run run,
                  struct scope *caller, unsigned depth)
{
    struct scope *scope = arena_new(&walk->scopes, struct scope, 1);
    if (!scope) {
        walk->failed = true;
        return;
    }
    *scope = (struct scope){.caller = caller, .entry = entry->offset};
    for (size_t i = run.from; i < run.end; i++)
        walk->all->places[i].scope = scope;
    if (entry->abbrev->children)
        walk_scope(walk, *reader, run, scope, depth + 1);
}

/* Moves the reader behind an entry whose attributes were read. */
static void leave(struct dwarf_reader *reader, const struct dwarf_entry *entry, const struct dwarf_extent *extent)
{
    uint64_t here = cursor_offset(&reader->c);
    if (!entry->abbrev->children)
        return;
    if (extent->sibling > here)
        cursor_bytes(&reader->c, extent->sibling - here);
    else
        dwarf_skip_children(reader);
}

/* Visits a block or an inlined call within a function; the reader stands on its attributes. */
static void walk_part(struct walk *walk, struct dwarf_reader *reader, const struct dwarf_entry *part, struct run run,
                      struct scope *scope, unsigned depth)
{
    bool inlined = part->abbrev->tag == dw_tag_inlined_subroutine, ranged = false;
    struct dwarf_extent extent;
    struct dwarf_ranges ranges;
    uint64_t start, end;
    dwarf_extent_read(reader, part->abbrev, &extent);
    dwarf_ranges_init(&ranges, walk->tree, &extent);
    while (dwarf_ranges_next(&ranges, &start, &end)) {
        struct run within = run_within(walk, run, start, end);
        ranged = true;
        if (within.from == within.end)
            continue;
        if (inlined)
            enter(walk, reader, part, within, scope, depth);
        else if (part->abbrev->children)
            walk_scope(walk, *reader, within, scope, depth + 1);
    }
    if (!ranged && !inlined && part->abbrev->children)
        walk_scope(walk, *reader, run, scope, depth + 1);
    leave(reader, part, &extent);
}

static bool is_part(const struct dwarf_abbrev *abbrev)
{
    switch (abbrev->tag) {
    case dw_tag_inlined_subroutine:
        return abbrev->has_code;
    case dw_tag_lexical_block:
    case dw_tag_try_block:
    case dw_tag_catch_block:
        return true;
    default:
        return false;
    }
}

/* Looks for inlined calls among the children that the reader stands on. */
static void walk_scope(struct walk *walk, struct dwarf_reader reader, struct run run, struct scope *scope,
                       unsigned depth)
{
    struct dwarf_entry child;
    if (depth > deepest_inlining)
        return;
    while (!walk->failed && dwarf_next(&reader, &child)) {
        if (is_part(child.abbrev))
            walk_part(walk, &reader, &child, run, scope, depth);
        else
            dwarf_skip_entry(&reader, child.abbrev);
    }
}

static bool holds_functions(unsigned tag)
{
    return tag == dw_tag_namespace || tag == dw_tag_structure_type || tag == dw_tag_class_type ||
           tag == dw_tag_union_type || tag == dw_tag_module || tag == dw_tag_enumeration_type;
}

static void walk_function(struct walk *walk, struct dwarf_reader *reader, const struct dwarf_entry *function,
                          struct run run, unsigned depth)
{
    struct dwarf_extent extent;
    struct dwarf_ranges ranges;
    uint64_t start, end;
    dwarf_extent_read(reader, function->abbrev, &extent);
    dwarf_ranges_init(&ranges, walk->tree, &extent);
    while (dwarf_ranges_next(&ranges, &start, &end)) {
        struct run within = run_within(walk, run, start, end);
        if (within.from < within.end)
            enter(walk, reader, function, within, NULL, depth);
    }
    leave(reader, function, &extent);
}

/* Looks for functions among the children that the reader stands on, and moves it behind them. Functions within
 * functions (of C, of lambdas) are looked for only where `nested` asks for it: it means to read all of every function.
 */
static void walk_functions(struct walk *walk, struct dwarf_reader *reader, struct run run, bool nested, unsigned depth)
{
    struct dwarf_entry child;
    while (!walk->failed && dwarf_next(reader, &child)) {
        unsigned tag = child.abbrev->tag;
        bool deeper = child.abbrev->children && depth < deepest_nesting &&
                      (holds_functions(tag) || (nested && (tag == dw_tag_subprogram || tag == dw_tag_lexical_block)));
        if (tag == dw_tag_subprogram && child.abbrev->has_code) {
            struct dwarf_reader function = *reader;
            walk_function(walk, deeper ? &function : reader, &child, run, depth);
            if (!deeper)
                continue;
        }
        if (!deeper) {
            dwarf_skip_entry(reader, child.abbrev);
            continue;
        }
        dwarf_skip_attributes(reader, child.abbrev);
        walk_functions(walk, reader, run, nested, depth + 1);
    }
}

static void find_scopes(struct walk *walk, struct run run, bool nested)
{
    struct dwarf_reader reader;
    struct dwarf_entry first;
    if (!dwarf_reader_init(&reader, walk->tree, walk->tree->entries) || !dwarf_next(&reader, &first) ||
        !first.abbrev->children)
        return;
    dwarf_skip_attributes(&reader, first.abbrev);
    walk_functions(walk, &reader, run, nested, 0);
}

/* --- Frames --- */

/* What the attributes of one entry tell about a function or a call of it. */
struct description {
    struct str linkage_name, name;
    uint64_t line, call_file, call_line, call_column;
    struct dwarf_value origin; /* the entry that tells the rest; form 0 for none */
};

static void describe_entry(const struct dwarf_unit *unit, uint64_t offset, struct description *d)
{
    struct dwarf_reader reader;
    struct dwarf_entry entry;
    d->origin.form = 0;
    if (!dwarf_reader_init(&reader, unit, offset) || !dwarf_next(&reader, &entry))
        return;
    const struct dwarf_spec *specs = reader.abbrevs->specs.at + entry.abbrev->first;
    for (uint32_t i = 0; i < entry.abbrev->n && cursor_ok(&reader.c); i++) {
        struct dwarf_value value;
        dwarf_value_read(&reader.c, &unit->format, &specs[i], &value);
        switch (specs[i].name) {
        case dw_at_linkage_name:
        case dw_at_mips_linkage_name:
            if (d->linkage_name.n == 0)
                d->linkage_name = dwarf_text(unit, &value);
            break;
        case dw_at_name:
            if (d->name.n == 0)
                d->name = dwarf_text(unit, &value);
            break;
        case dw_at_decl_line:
            d->line = d->line == 0 ? value.number : d->line;
            break;
        case dw_at_call_file:
            d->call_file = value.number;
            break;
        case dw_at_call_line:
            d->call_line = value.number;
            break;
        case dw_at_call_column:
            d->call_column = value.number;
            break;
        case dw_at_abstract_origin:
        case dw_at_specification:
            d->origin = value;
            break;
        default:
            break;
        }
    }
}

static int64_t number_of(uint64_t value)
{
    return value > INT32_MAX ? 0 : (int64_t)value;
}

/* Reads what a scope is called, and from where, through the entries that its own refers to. */
static void describe(struct walk *walk, struct scope *scope)
{
    struct description d = {.name = STR(""), .linkage_name = STR("")};
    const struct dwarf_unit *unit = walk->tree;
    uint64_t offset = scope->entry;
    if (scope->described)
        return;
    describe_entry(unit, offset, &d);
    scope->call_file = number_of(d.call_file);
    scope->call_line = number_of(d.call_line);
    scope->call_column = number_of(d.call_column);
    for (int i = 0; i < longest_chain && d.origin.form != 0; i++) {
        unit = dwarf_target(unit, &d.origin, &offset);
        if (!unit)
            break;
        describe_entry(unit, offset, &d);
    }
    scope->name = d.linkage_name.n > 0 ? d.linkage_name : d.name;
    scope->start_line = number_of(d.line);
    scope->described = true;
}

/* Makes the frames of one address: the place of the innermost comes from the line table, that of each caller from where
 * the call was inlined. Code of assemblers has lines but no functions: its one frame has no name. */
static void make_frames(struct walk *walk, struct dwarf_files *files, struct dwarf_files *call_files, size_t number)
{
    struct place *place = &walk->all->places[number];
    const struct dwarf_place *line = &walk->all->lines[number];
    struct binary_frame frames[deepest_inlining + 1], frame = {.name = STR(""), .file = STR("")};
    uint32_t n = 0;
    if (line->found)
        frame = (struct binary_frame){.name = STR(""),
                                      .file = dwarf_file_path(files, line->file),
                                      .line = number_of(line->line),
                                      .column = number_of(line->column)};
    for (struct scope *scope = place->scope; scope && n <= deepest_inlining; scope = scope->caller) {
        describe(walk, scope);
        frame.name = scope->name;
        frame.start_line = scope->start_line;
        frames[n++] = frame;
        frame = (struct binary_frame){.name = STR(""),
                                      .file = dwarf_file_path(call_files, (uint64_t)scope->call_file),
                                      .line = scope->call_line,
                                      .column = scope->call_column};
    }
    if (n == 0 && frame.line != 0)
        frames[n++] = frame;
    struct binary_frame *kept = n > 0 ? arena_new(&walk->answers, struct binary_frame, n) : NULL;
    walk->failed = walk->failed || (n > 0 && !kept);
    if (kept)
        memcpy(kept, frames, n * sizeof *frames);
    place->frames = kept;
    place->nframes = kept ? n : 0;
}

static void resolve_run(struct walk *walk, size_t number)
{
    struct resolving *all = walk->all;
    struct run run = all->runs.at[number];
    struct dwarf_files files, call_files;
    bool found = true;
    walk->unit = &all->dwarf->units.at[all->places[run.from].unit];
    walk->tree = all->splits[number] ? all->splits[number] : walk->unit;
    find_scopes(walk, run, false);
    for (size_t i = run.from; i < run.end; i++)
        found = found && all->places[i].scope;
    if (!found)
        find_scopes(walk, run, true);
    dwarf_lines_find(walk->unit, all->lines + run.from, run.end - run.from);
    bool split = walk->tree != walk->unit && walk->tree->has_lines;
    if (!dwarf_files_read(&files, walk->unit, &walk->answers) ||
        (split && !dwarf_files_read(&call_files, walk->tree, &walk->answers)))
        walk->failed = true;
    for (size_t i = run.from; i < run.end && !walk->failed; i++)
        make_frames(walk, &files, split ? &call_files : &files, i);
    arena_finish(&walk->scopes);
}

/* --- The whole --- */

static int by_unit(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

/* Fills in the places whose unit is known and returns how many they are. */
static size_t find_places(struct resolving *all, const uint64_t *addresses, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t unit = find_unit(all, addresses[i]);
        if (unit != UINT32_MAX)
            all->places[found++] = (struct place){.address = addresses[i], .index = i, .unit = unit};
    }
    if (found > 0)
        qsort(all->places, found, sizeof *all->places, by_unit);
    for (size_t i = 0; i < found; i++)
        all->lines[i] = (struct dwarf_place){.address = all->places[i].address};
    return found;
}

static bool list_runs(struct resolving *all, size_t nplaces)
{
    for (struct run run = {0, 0}; run.from < nplaces; run.from = run.end) {
        while (run.end < nplaces && all->places[run.end].unit == all->places[run.from].unit)
            run.end++;
        if (!vec_push(&all->runs, all->dwarf->mem, run))
            return false;
    }
    return true;
}

/* Finds the split units before the threads begin: opening files is not for several at a time. */
static bool find_splits(struct resolving *all, debug_find_split *find_split, void *to)
{
    size_t n = all->runs.n;
    if (!(all->splits = mem_get_array(all->dwarf->mem, n + 1, sizeof *all->splits)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct dwarf_unit *unit = &all->dwarf->units.at[all->places[all->runs.at[i].from].unit];
        all->splits[i] = unit->split_name.n > 0 && find_split ? find_split(to, unit) : NULL;
    }
    return true;
}

static void *work(void *to)
{
    struct walk *walk = to;
    size_t run;
    while (!walk->failed && (run = atomic_fetch_add(&walk->all->next, 1)) < walk->all->runs.n)
        resolve_run(walk, run);
    return NULL;
}

static size_t count_threads(const struct resolving *all, bool allowed)
{
    uint64_t bytes = 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    for (size_t i = 0; i < all->runs.n; i++) {
        const struct dwarf_unit *unit = &all->dwarf->units.at[all->places[all->runs.at[i].from].unit];
        bytes += unit->end - unit->offset;
    }
    if (!allowed || bytes < much || processors < 2)
        return 1;
    size_t n = processors < most_threads ? (size_t)processors : most_threads;
    return n < all->runs.n ? n : all->runs.n;
}

/* Passes what was found on, in the order of the addresses in their units. */
static bool tell(const struct resolving *all, size_t nplaces, bool *known, binary_sink *sink, void *to)
{
    for (size_t i = 0; i < nplaces; i++) {
        const struct place *place = &all->places[i];
        if (place->nframes == 0)
            continue;
        known[place->index] = true;
        if (!sink(to, place->index, place->frames, place->nframes, true))
            return false;
    }
    return true;
}

static bool resolve_runs(struct resolving *all, bool threads, size_t nplaces, bool *known, binary_sink *sink, void *to)
{
    struct walk walks[most_threads];
    pthread_t ids[most_threads];
    size_t n = count_threads(all, threads), started = 1;
    bool fine = true;
    for (size_t i = 0; i < n; i++) {
        walks[i] = (struct walk){.all = all};
        arena_init(&walks[i].scopes, all->dwarf->mem);
        arena_init(&walks[i].answers, all->dwarf->mem);
    }
    while (started < n && pthread_create(&ids[started], NULL, work, &walks[started]) == 0)
        started++;
    work(&walks[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(ids[i], NULL);
    for (size_t i = 0; i < n; i++)
        fine = fine && !walks[i].failed;
    fine = fine && tell(all, nplaces, known, sink, to);
    for (size_t i = 0; i < n; i++) {
        arena_finish(&walks[i].scopes);
        arena_finish(&walks[i].answers);
    }
    return fine;
}

bool debug_resolve(struct dwarf *dwarf, debug_find_split *find_split, void *split_to, bool threads,
                   const uint64_t *addresses, size_t n, bool *known, binary_sink *sink, void *to)
{
    struct resolving all = {.dwarf = dwarf};
    struct mem *mem = dwarf->mem;
    all.places = mem_get_array(mem, n + 1, sizeof *all.places);
    all.lines = mem_get_array(mem, n + 1, sizeof *all.lines);
    bool fine = all.places && all.lines && list_spans(&all);
    size_t found = fine ? find_places(&all, addresses, n) : 0;
    fine = fine && list_runs(&all, found) && find_splits(&all, find_split, split_to) &&
           resolve_runs(&all, threads, found, known, sink, to);
    mem_put(mem, all.splits, (all.runs.n + 1) * sizeof *all.splits);
    vec_finish(&all.runs, mem);
    mem_put(mem, all.lines, (n + 1) * sizeof *all.lines);
    mem_put(mem, all.places, (n + 1) * sizeof *all.places);
    vec_finish(&all.spans, mem);
    return fine;
}
