/* -disasm: the instructions of the functions that match, with what each makes up. Functions are those of the binaries'
 * symbol tables, whatever the profile calls them. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "profile/measure.h"
#include "profile/pattern.h"
#include "report/address.h"
#include "report/code.h"
#include "report/job.h"
#include "report/number.h"
#include "report/path.h"

/* From this many characters on an instruction has the place it comes from in a line of its own. */
enum { long_text = 40 };

/* A function to show. */
struct routine {
    struct code_file *file;
    struct str name;
    uint64_t start, end; /* the file's addresses; the last byte is not among them, as in Go's tool */
    uint64_t bias;
    size_t first, n; /* its nodes: disasm.nodes */
};

/* A node of the graph, by address. */
struct node {
    uint64_t address;
    uint32_t node;
};

struct disasm {
    struct job *job;
    struct graph graph;
    struct code_files files;
    struct code_lines lines;
    VEC(struct routine) routines;
    struct node *nodes; /* all that are listed */
    bool *matched;      /* per string of the profile: a binary that an entry which matches is in */
    bool by_address;
    uint64_t address; /* the process's, where by_address */
    bool found;       /* a symbol, be it without samples */
    bool again;       /* binaries without .symtab, whatever the profile calls what is in them */
};

/* --- Which functions --- */

static const struct entry *entry_of(const struct disasm *d, uint32_t node)
{
    return &d->graph.entries.at[node];
}

static int by_address(const void *a, const void *b, void *context)
{
    struct disasm *d = context;
    const struct node *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    struct arena *arena = &d->job->arena;
    return str_compare(entry_facts(&d->graph.entries, d->graph.profile, x->node, arena),
                       entry_facts(&d->graph.entries, d->graph.profile, y->node, arena));
}

static bool sort_nodes(struct disasm *d)
{
    const struct graph *graph = &d->graph;
    d->nodes = arena_new(&d->job->arena, struct node, graph->nlist);
    if (!d->nodes)
        return false;
    for (uint32_t i = 0; i < graph->nlist; i++)
        d->nodes[i] = (struct node){entry_of(d, graph->list[i])->address, graph->list[i]};
    qsort_r(d->nodes, graph->nlist, sizeof *d->nodes, by_address, d);
    return true;
}

/* Marks the binaries of the entries whose names match. */
static bool match_binaries(struct disasm *d)
{
    const struct graph *graph = &d->graph;
    struct arena scratch;
    d->matched = arena_new(&d->job->arena, bool, graph->profile->nstrings);
    if (!d->matched)
        return false;
    arena_init(&scratch, d->job->mem);
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t binary = entry_of(d, graph->list[i])->objfile;
        if (binary == 0 || d->matched[binary])
            continue;
        struct str name = entry_name(&graph->entries, graph->profile, graph->list[i], &scratch);
        d->matched[binary] = pattern_matches(d->job->options->symbol, name);
    }
    arena_finish(&scratch);
    return true;
}

/* How many nodes are below an address. */
static size_t nodes_below(const struct disasm *d, uint64_t address)
{
    size_t low = 0, high = d->graph.nlist;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->nodes[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What a symbol is called in the report: where names of the profile were demangled, as those are. */
static struct str display_name(struct disasm *d, struct str symbol)
{
    struct buf name;
    struct str display = symbol;
    buf_init(&name, d->job->mem);
    if (demangle(symbol, d->job->options->demangle, &name))
        display = arena_str(&d->job->arena, buf_text(&name));
    buf_finish(&name);
    return display.p ? display : symbol;
}

static bool is_wanted(struct disasm *d, const struct object_symbol *symbol, uint64_t bias, struct str *display)
{
    struct pattern *pattern = d->job->options->symbol;
    *display = symbol->name;
    bool wanted =
        (d->by_address && d->address - bias - symbol->start < symbol->size) || pattern_matches(pattern, symbol->name);
    if (!wanted && !str_starts_with(symbol->name, STR("_")))
        return false; /* is called the same in either form */
    *display = display_name(d, symbol->name);
    return wanted || pattern_matches(pattern, *display);
}

static bool add_routine(struct disasm *d, struct code_file *file, const struct object_symbol *symbol, uint64_t bias)
{
    struct routine routine = {
        .file = file, .start = symbol->start, .end = symbol->start + symbol->size - 1, .bias = bias};
    routine.first = nodes_below(d, routine.start + bias);
    routine.n = nodes_below(d, routine.end + bias);
    bool sampled = routine.n > routine.first;
    routine.n -= sampled ? routine.first : routine.n;
    if ((!sampled && !d->by_address) || !is_wanted(d, symbol, bias, &routine.name))
        return true;
    d->found = true;
    return !sampled || vec_push(&d->routines, d->job->mem, routine);
}

static bool add_mapping(struct disasm *d, const struct profile_mapping *mapping)
{
    size_t n;
    bool covers = d->by_address && mapping->start <= d->address && d->address <= mapping->limit;
    if (!d->matched[mapping->file] && !covers)
        return true;
    struct code_file *file = code_file(&d->files, profile_text(d->graph.profile, mapping->file),
                                       profile_text(d->graph.profile, mapping->build_id));
    if (!file)
        return false;
    if (d->again && (!file->object || object_has_symtab(file->object)))
        return true;
    if (!file->object) {
        struct buf *aside = d->job->options->aside ? d->job->options->aside : d->job->out;
        buf_str(aside, buf_text(&file->error));
        buf_byte(aside, '\n');
        return true;
    }
    if (!d->job->options->debug_lines && !object_has_symtab(file->object))
        return true; /* what Go's tool does not see either */
    uint64_t bias = object_bias(file->object, mapping->start, mapping->offset);
    const struct object_symbol *symbols = object_symbols(file->object, &n);
    for (size_t i = 0; i < n; i++) {
        if (!add_routine(d, file, &symbols[i], bias))
            return false;
    }
    return true;
}

/* How much one of several names of a function is to be shown: what programs call it by begins with no underscore. */
static size_t underscores(struct str name)
{
    size_t n = 0;
    while (n < name.n && name.p[n] == '_')
        n++;
    return n;
}

static int by_place(const void *a, const void *b)
{
    const struct routine *x = a, *y = b;
    if (x->file != y->file)
        return str_compare(x->file->path, y->file->path);
    if (x->start != y->start || x->end != y->end || x->bias != y->bias)
        return x->start < y->start || (x->start == y->start && x->end < y->end) ? -1 : 1;
    size_t left = underscores(x->name), right = underscores(y->name);
    return left != right ? (left > right) - (left < right) : str_compare(x->name, y->name);
}

/* Shows functions of libraries under one of their names, where it is not Go's tool that decides which there are. */
static void drop_aliases(struct disasm *d)
{
    size_t kept = 0;
    qsort(d->routines.at, d->routines.n, sizeof *d->routines.at, by_place);
    for (size_t i = 0; i < d->routines.n; i++) {
        const struct routine *this = &d->routines.at[i], *last = kept > 0 ? &d->routines.at[kept - 1] : NULL;
        bool same = last && last->file == this->file && last->start == this->start && last->end == this->end &&
                    last->bias == this->bias;
        if (!same || object_has_symtab(this->file->object))
            d->routines.at[kept++] = *this;
    }
    d->routines.n = kept;
}

static int by_name(const void *a, const void *b)
{
    const struct routine *x = a, *y = b;
    int order = str_compare(x->name, y->name);
    return order ? order : (x->start > y->start) - (x->start < y->start);
}

static bool add_mappings(struct disasm *d)
{
    const struct profile *profile = d->graph.profile;
    for (uint32_t i = 0; i < profile->nmappings; i++) {
        if (!add_mapping(d, &profile->mappings[i]))
            return false;
    }
    return true;
}

static bool find_routines(struct disasm *d)
{
    struct buf *error = d->job->error;
    if (!add_mappings(d))
        return false;
    if (d->routines.n == 0 && d->job->options->debug_lines && !d->by_address) {
        /* A library's functions have many names, of which the profile has one. */
        memset(d->matched, true, d->graph.profile->nstrings * sizeof *d->matched);
        d->again = true;
        if (!add_mappings(d))
            return false;
    }
    if (d->routines.n > 0) {
        drop_aliases(d);
        qsort(d->routines.at, d->routines.n, sizeof *d->routines.at, by_name);
        return true;
    }
    unsigned long long address = d->address;
    if (!d->by_address)
        buf_printf(error, "no matches found for regexp %.*s", STR_ARG(d->job->options->symbol_text));
    else if (!d->found)
        buf_printf(error, "no matches found for address 0x%llx", address);
    else
        buf_printf(error,
                   "address 0x%llx found in binary, but the corresponding symbols do not have samples in the profile",
                   address);
    return false;
}

/* --- One function --- */

/* Where an instruction comes from, and what it makes up. */
struct row {
    struct str function, file;
    int64_t line;
    struct weight weight;
};

static int64_t divided(int64_t value, int64_t divisor)
{
    return divisor != 0 ? number_divide(value, divisor) : value;
}

static void add_node(struct disasm *d, struct row *row, uint32_t node)
{
    const struct weight *weight = &d->graph.weights[node];
    const struct entry *entry = entry_of(d, node);
    struct str file = d->graph.entries.files[entry->file];
    row->weight.flat = number_add(row->weight.flat, weight->flat);
    row->weight.cum = number_add(row->weight.cum, weight->cum);
    row->weight.flat_div = number_add(row->weight.flat_div, weight->flat_div);
    row->weight.cum_div = number_add(row->weight.cum_div, weight->cum_div);
    if (row->file.n == 0 && file.n > 0)
        row->file = path_base(file);
    if (row->line == 0)
        row->line = entry->line;
    if (row->function.n == 0)
        row->function = profile_text(d->graph.profile, entry->name);
}

static void put_place(struct buf *out, const struct row *row)
{
    buf_str(out, row->function);
    if (row->function.n > 0)
        buf_byte(out, ' ');
    buf_str(out, row->file);
    if (row->file.n > 0 && row->line != 0) {
        buf_byte(out, ':');
        buf_int(out, row->line);
    }
}

static void put_row(struct job *job, const struct row *row, const struct code_line *line, bool place)
{
    struct buf *out = job->out;
    place = place && (row->function.n > 0 || row->file.n > 0);
    if (place && line->text.n >= long_text) {
        buf_fill(out, ' ', 74);
        buf_byte(out, ';');
        put_place(out, row);
        buf_byte(out, '\n');
    }
    figure_put_dotted(out, &job->figures, divided(row->weight.flat, row->weight.flat_div), 10);
    buf_byte(out, ' ');
    figure_put_dotted(out, &job->figures, divided(row->weight.cum, row->weight.cum_div), 10);
    buf_byte(out, ' ');
    size_t start = out->n;
    buf_hex(out, line->address);
    figure_widen(out, start, 10);
    buf_str(out, STR(": "));
    buf_str(out, line->text);
    if (place && line->text.n < long_text) {
        buf_fill(out, ' ', long_text - line->text.n);
        buf_byte(out, ';');
        put_place(out, row);
    }
    buf_byte(out, '\n');
}

static void put_rows(struct disasm *d, const struct routine *routine)
{
    struct row last = {0};
    size_t next = routine->first, end = routine->first + routine->n;
    for (size_t i = 0; i < d->lines.at.n; i++) {
        const struct code_line *line = &d->lines.at.at[i];
        uint64_t limit = i + 1 < d->lines.at.n ? line[1].address : UINT64_MAX;
        struct row row = {.file = line->file.n > 0 ? path_base(line->file) : line->file, .line = line->line};
        for (; next < end && d->nodes[next].address - routine->bias < limit; next++)
            add_node(d, &row, d->nodes[next].node);
        bool moved =
            !str_equal(row.function, last.function) || !str_equal(row.file, last.file) || row.line != last.line;
        put_row(d->job, &row, line, moved);
        last = row;
        job_drain(d->job);
    }
}

/* Takes what debug information says of an instruction. */
static bool take_frames(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct disasm *d = to;
    struct code_line *line = &d->lines.at.at[index];
    const struct binary_frame *frame = d->job->options->no_inlines ? &frames[n - 1] : frames;
    (void)from_debug;
    line->file = arena_str(&d->job->arena, frame->file);
    line->line = frame->line;
    return line->file.p != NULL;
}

/* Lines of programs that have no table of their own. */
static bool look_up_lines(struct disasm *d, const struct routine *routine)
{
    size_t n = d->lines.at.n;
    if (!d->job->options->debug_lines || object_pclntab(routine->file->object) || n == 0)
        return true;
    struct binary *binary = code_binary(&d->files, routine->file);
    uint64_t *addresses = mem_get_array(d->job->mem, n, sizeof *addresses);
    for (size_t i = 0; i < n && addresses; i++)
        addresses[i] = d->lines.at.at[i].address;
    bool fine = addresses && (!binary || binary_resolve(binary, addresses, n, false, take_frames, d));
    mem_put(d->job->mem, addresses, n * sizeof *addresses);
    return fine;
}

static bool put_routine(struct disasm *d, const struct routine *routine)
{
    struct job *job = d->job;
    struct buf *out = job->out;
    int64_t flat = 0, cum = 0;
    for (size_t i = routine->first; i < routine->first + routine->n; i++) {
        flat = number_add(flat, d->graph.weights[d->nodes[i].node].flat);
        cum = number_add(cum, d->graph.weights[d->nodes[i].node].cum);
    }
    if (!code_read(&d->files, routine->file, routine->start, routine->end, &d->lines)) {
        buf_str(job->error, buf_text(&routine->file->error));
        return false;
    }
    if (!look_up_lines(d, routine))
        return false;
    buf_str(out, STR("ROUTINE ======================== "));
    buf_str(out, routine->name);
    buf_byte(out, '\n');
    figure_put_wide(out, &job->figures, flat, 10);
    buf_byte(out, ' ');
    figure_put_wide(out, &job->figures, cum, 10);
    buf_str(out, STR(" (flat, cum) "));
    measure_put_percentage(out, cum, job->figures.total);
    buf_str(out, STR(" of Total\n"));
    put_rows(d, routine);
    return true;
}

static bool put_all(struct disasm *d)
{
    struct job *job = d->job;
    d->by_address = address_parse(job->options->symbol_text, &d->address);
    if (!sort_nodes(d) || !match_binaries(d) || !find_routines(d))
        return false;
    buf_str(job->out, STR("Total: "));
    figure_put(job->out, &job->figures, job->figures.total);
    buf_byte(job->out, '\n');
    for (size_t i = 0; i < d->routines.n; i++) {
        if (!put_routine(d, &d->routines.at[i]))
            return false;
    }
    return true;
}

bool disasm_write(struct job *job)
{
    struct disasm d = {.job = job};
    if (!graph_init(&d.graph, job->profile, &job->rules, job->mem))
        return false;
    code_files_init(&d.files, job->options->intel_syntax, &job->arena, job->mem);
    code_lines_init(&d.lines, job->mem);
    bool fine = put_all(&d);
    vec_finish(&d.routines, job->mem);
    code_lines_finish(&d.lines, job->mem);
    code_files_finish(&d.files);
    graph_finish(&d.graph);
    return fine;
}
