#include <stdlib.h>
#include <string.h>

#include "base/go_sort.h"
#include "profile/pattern.h"
#include "report/address.h"
#include "report/number.h"
#include "report/path.h"
#include "report/weblist.h"

enum {
    expand = 500,      /* bytes of code around a sample */
    most_ranges = 25,  /* stretches of code to read */
    neighborhood = 32, /* bytes within which an instruction without a line is taken to be on that of the last */
};

/* A stretch of code. */
struct range {
    uint64_t begin, end; /* the process's addresses */
    struct code_file *file;
    int64_t score;
};

struct frame {
    struct str function, file;
    int64_t line;
};

struct frames {
    const struct frame *at;
    size_t n;
};

void weblist_init(struct weblist *list, struct job *job)
{
    *list = (struct weblist){.job = job};
    code_files_init(&list->code, job->options->intel_syntax, &job->arena, job->mem);
    code_lines_init(&list->lines, job->mem);
    map_init(&list->sample_of, job->mem);
    map_init(&list->instruction_of, job->mem);
    str_map_init(&list->interest, job->mem);
    str_map_init(&list->pretty, job->mem);
    str_map_init(&list->file_of, job->mem);
}

void weblist_finish(struct weblist *list)
{
    struct mem *mem = list->job->mem;
    for (size_t i = 0; i < list->files.n; i++)
        vec_finish(&list->files.at[i].items, mem);
    vec_finish(&list->files, mem);
    vec_finish(&list->calls, mem);
    vec_finish(&list->instructions, mem);
    vec_finish(&list->samples, mem);
    str_map_finish(&list->file_of);
    str_map_finish(&list->pretty);
    str_map_finish(&list->interest);
    map_finish(&list->instruction_of);
    map_finish(&list->sample_of);
    code_lines_finish(&list->lines, mem);
    code_files_finish(&list->code);
}

/* --- Samples --- */

static const struct profile *profile_of(const struct weblist *list)
{
    return list->job->profile;
}

static bool match_all(struct weblist *list)
{
    const struct profile *profile = profile_of(list);
    struct pattern *pattern = list->job->options->symbol;
    list->matched = arena_new(&list->job->arena, bool, profile->nfunctions);
    list->mapping_matched = arena_new(&list->job->arena, bool, profile->nmappings);
    list->synthetic = arena_new(&list->job->arena, uint64_t, profile->nlocations);
    if (!list->matched || !list->mapping_matched || !list->synthetic)
        return false;
    for (uint32_t i = 0; i < profile->nfunctions; i++) {
        const struct profile_function *f = &profile->functions[i];
        list->matched[i] =
            pattern_matches(pattern, profile_text(profile, f->name)) ||
            (f->system_name != f->name && pattern_matches(pattern, profile_text(profile, f->system_name))) ||
            pattern_matches(pattern, profile_text(profile, f->filename));
    }
    list->next_synthetic = 1;
    for (uint32_t i = 0; i < profile->nmappings; i++) {
        const struct profile_mapping *mapping = &profile->mappings[i];
        list->mapping_matched[i] = pattern_matches(pattern, profile_text(profile, mapping->file));
        if (list->next_synthetic < mapping->limit)
            list->next_synthetic = mapping->limit;
    }
    return true;
}

/* The address that stands for a location. */
static uint64_t address_of(struct weblist *list, uint32_t location)
{
    uint64_t address = profile_of(list)->locations[location].address;
    if (address != 0)
        return address;
    if (list->synthetic[location] == 0)
        list->synthetic[location] = list->next_synthetic++;
    return list->synthetic[location];
}

static struct weblist_sample *sample_at(struct weblist *list, uint64_t address)
{
    uint32_t *known = map_add(&list->sample_of, address, (uint32_t)list->samples.n);
    if (!known)
        return NULL;
    struct weblist_sample fresh = {.address = address, .location = PROFILE_NONE};
    if (*known == list->samples.n && !vec_push(&list->samples, list->job->mem, fresh))
        return NULL;
    return &list->samples.at[*known];
}

/* The executable of a mapping, for the first of its mappings that is met; *file is NULL where it can't be read. */
static bool open_file(struct weblist *list, uint32_t number, struct code_file **file)
{
    *file = NULL;
    if (number == PROFILE_NONE)
        return true;
    const struct profile_mapping *mapping = &profile_of(list)->mappings[number];
    struct code_file *found = code_file(&list->code, profile_text(profile_of(list), mapping->file),
                                        profile_text(profile_of(list), mapping->build_id));
    if (!found)
        return false;
    if (found->object && !found->placed)
        found->bias = object_bias(found->object, mapping->start, mapping->offset);
    found->placed = true;
    *file = found->object ? found : NULL;
    return true;
}

static bool mark_interest(struct weblist *list, struct weblist_sample *sample, uint32_t location, uint64_t line)
{
    const struct profile *profile = profile_of(list);
    const struct profile_function *function = &profile->functions[profile->lines[line].function];
    if (!str_map_add(&list->interest, profile_text(profile, function->name), 1) ||
        !str_map_add(&list->interest, profile_text(profile, function->system_name), 1))
        return false;
    if (sample->location != PROFILE_NONE)
        return true;
    sample->location = location;
    return open_file(list, profile->locations[location].mapping, &sample->file);
}

static bool learn_names(struct weblist *list, uint64_t first, uint64_t end)
{
    const struct profile *profile = profile_of(list);
    for (uint64_t i = first; i < end; i++) {
        const struct profile_function *function = &profile->functions[profile->lines[i].function];
        uint32_t *name = str_map_add(&list->pretty, profile_text(profile, function->system_name), 0);
        if (!name)
            return false;
        *name = function->name;
    }
    return true;
}

static bool add_location(struct weblist *list, uint32_t location, int64_t value, bool leaf, const uint64_t *wanted)
{
    const struct profile *profile = profile_of(list);
    uint64_t first = profile->line_start[location], end = profile->line_start[location + 1];
    uint64_t address = address_of(list, location);
    uint32_t mapping = profile->locations[location].mapping;
    bool by_file = mapping != PROFILE_NONE && list->mapping_matched[mapping];
    struct weblist_sample *sample = sample_at(list, address);
    if (!sample || !learn_names(list, first, end))
        return false;
    sample->cum = number_add(sample->cum, value);
    if (leaf)
        sample->flat = number_add(sample->flat, value);
    if (wanted && address == *wanted) /* of interest is what was called, be it inlined */
        return first == end || mark_interest(list, sample, location, end - 1);
    for (uint64_t i = first; i < end; i++) {
        if (((i == first && by_file) || list->matched[profile->lines[i].function]) &&
            !mark_interest(list, sample, location, i))
            return false;
    }
    return true;
}

static bool add_samples(struct weblist *list)
{
    const struct profile *profile = profile_of(list);
    const struct report_options *options = list->job->options;
    uint64_t address;
    bool by_address = address_parse(options->symbol_text, &address);
    for (uint32_t s = 0; s < profile->nsamples; s++) {
        const int64_t *values = profile->values + (size_t)s * profile->nsample_types;
        int64_t value = values[options->sample_index];
        if (options->mean && values[0] != 0)
            value = number_divide(value, values[0]);
        uint32_t stack = profile->stack[s];
        uint64_t first = profile->stack_start[stack];
        for (uint64_t i = profile->stack_start[stack + 1]; i-- > first;) {
            if (!add_location(list, profile->frames[i], value, i == first, by_address ? &address : NULL))
                return false;
        }
    }
    return true;
}

/* --- Instructions --- */

static bool add_item(struct weblist *list, const struct frame *frame, const struct weblist_item *item)
{
    struct str name = frame->file;
    struct arena *arena = &list->job->arena;
    if (str_starts_with(name, STR("/proc/self/cwd/")))
        name = str_skip(name, 15);
    if (str_starts_with(name, STR("./")))
        name = str_skip(name, 2);
    name = path_clean(name, arena);
    if (!name.p)
        return false;
    uint32_t *number = str_map_add(&list->file_of, name, (uint32_t)list->files.n);
    if (!number ||
        (*number == list->files.n && !vec_push(&list->files, list->job->mem, (struct weblist_file){.name = name})))
        return false;
    struct weblist_file *file = &list->files.at[*number];
    struct weblist_item whole = *item;
    whole.order = (uint32_t)file->items.n;
    return vec_push(&file->items, list->job->mem, whole);
}

/* Puts an instruction under the line of each function of interest around it, with the calls that lead from there. */
static bool add_stack(struct weblist *list, uint32_t instruction, struct frames frames)
{
    for (size_t i = 0; i < frames.n; i++) {
        const struct frame *frame = &frames.at[i];
        if (!str_map_find(&list->interest, frame->function))
            continue;
        struct weblist_item item = {.line = frame->line,
                                    .instruction = instruction,
                                    .calls = (uint32_t)list->calls.n,
                                    .ncalls = (uint32_t)i,
                                    .function = frame->function};
        for (size_t j = i; j-- > 0;) {
            struct weblist_call call = {frames.at[j].file, frames.at[j].line};
            if (!vec_push(&list->calls, list->job->mem, call))
                return false;
        }
        if (!add_item(list, frame, &item))
            return false;
    }
    return true;
}

/* Adds an instruction, or replaces what is known at its address. */
static bool add_instruction(struct weblist *list, const struct weblist_instruction *instruction, uint32_t *number)
{
    uint32_t *known = map_add(&list->instruction_of, instruction->address, (uint32_t)list->instructions.n);
    if (!known)
        return false;
    *number = *known;
    if (*known == list->instructions.n)
        return vec_push(&list->instructions, list->job->mem, *instruction);
    list->instructions.at[*known] = *instruction;
    return true;
}

/* A sample whose executable can't be read: it stands for the instruction. */
static bool add_bare(struct weblist *list, const struct weblist_sample *sample)
{
    const struct profile *profile = profile_of(list);
    uint64_t first = profile->line_start[sample->location], n = profile->line_start[sample->location + 1] - first;
    struct frame *frames = arena_new(&list->job->arena, struct frame, n);
    uint32_t number;
    if (!frames)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const struct profile_line *line = &profile->lines[first + i];
        const struct profile_function *function = &profile->functions[line->function];
        frames[i] = (struct frame){profile_text(profile, function->name), profile_text(profile, function->filename),
                                   line->line};
    }
    struct weblist_instruction bare = {.address = sample->address, .object_address = sample->address, .length = 1};
    if (n > 0) {
        bare.file = frames[0].file;
        bare.line = frames[0].line;
    }
    return add_instruction(list, &bare, &number) && add_stack(list, number, (struct frames){frames, n});
}

/* The frames at each line of a stretch of code. */
struct framing {
    struct weblist *list;
    struct frames *of; /* per line */
    size_t *line_of;   /* which lines are asked for */
};

static bool take_frames(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct framing *framing = to;
    struct arena *arena = &framing->list->job->arena;
    struct frame *copies = arena_new(arena, struct frame, n);
    bool fine = copies;
    (void)from_debug;
    for (size_t i = 0; i < n && fine; i++) {
        copies[i] = (struct frame){arena_str(arena, frames[i].name), arena_str(arena, frames[i].file), frames[i].line};
        fine = copies[i].function.p && copies[i].file.p;
    }
    framing->of[framing->line_of[index]] = (struct frames){copies, n};
    return fine;
}

/* Asks debug information where Go's own table says nothing: about C in a Go program, and other programs altogether. */
static bool frame_by_debug(struct framing *framing, struct code_file *file)
{
    struct weblist *list = framing->list;
    struct mem *mem = list->job->mem;
    size_t n = list->lines.at.n, asked = 0;
    uint64_t *addresses = mem_get_array(mem, n + 1, sizeof *addresses);
    framing->line_of = mem_get_array(mem, n + 1, sizeof *framing->line_of);
    bool fine = addresses && framing->line_of;
    for (size_t i = 0; i < n && fine; i++) {
        if (framing->of[i].n > 0)
            continue;
        framing->line_of[asked] = i;
        addresses[asked++] = list->lines.at.at[i].address;
    }
    struct binary *binary = fine && asked > 0 ? code_binary(&list->code, file) : NULL;
    fine = fine && (!binary || binary_resolve(binary, addresses, asked, false, take_frames, framing));
    mem_put(mem, framing->line_of, (n + 1) * sizeof *framing->line_of);
    mem_put(mem, addresses, (n + 1) * sizeof *addresses);
    return fine;
}

/* The frames at each line; one without names where nothing is known. */
static struct frames *frame_lines(struct weblist *list, struct code_file *file)
{
    size_t n = list->lines.at.n;
    const struct pclntab *table = object_pclntab(file->object);
    struct frame *single = arena_new(&list->job->arena, struct frame, n);
    struct framing framing = {list, arena_new(&list->job->arena, struct frames, n), NULL};
    struct pclntab_walk walk = {.table = table};
    if (!single || !framing.of)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct pclntab_place place;
        if (!table || !pclntab_walk_to(&walk, list->lines.at.at[i].address, &place))
            continue;
        single[i] = (struct frame){place.function.name, place.file, place.line};
        framing.of[i] = (struct frames){&single[i], 1};
    }
    if (!frame_by_debug(&framing, file))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (framing.of[i].n > 0)
            continue;
        single[i] = (struct frame){STR(""), STR(""), 0};
        framing.of[i] = (struct frames){&single[i], 1};
    }
    return framing.of;
}

static bool add_lines(struct weblist *list, const struct range *range, const struct frames *frames)
{
    struct frames last = {NULL, 0};
    uint64_t last_address = 0;
    for (size_t i = 0; i < list->lines.at.n; i++) {
        const struct code_line *line = &list->lines.at.at[i];
        struct frames here = frames[i];
        uint32_t number;
        struct weblist_instruction instruction = {
            .address = line->address + range->file->bias,
            .object_address = line->address,
            .length = i + 1 < list->lines.at.n ? (uint32_t)(line[1].address - line->address) : 1,
            .text = arena_str(&list->job->arena, line->text),
            .file = here.at[0].file,
            .line = here.at[0].line,
        };
        if (!instruction.text.p || !add_instruction(list, &instruction, &number))
            return false;
        if (here.at[0].line != 0) {
            last = here;
            last_address = instruction.address;
        } else if (instruction.address - last_address <= neighborhood && last.n > 0) {
            here = last;
        }
        if (!add_stack(list, number, here))
            return false;
    }
    return true;
}

static bool add_range(struct weblist *list, const struct range *range)
{
    struct code_file *file = range->file;
    if (!list->job->options->debug_lines && !object_has_symtab(file->object))
        return true; /* what Go's tool does not see either */
    if (!code_read(&list->code, file, range->begin - file->bias, range->end - file->bias, &list->lines)) {
        buf_str(list->job->error, buf_text(&file->error));
        return false;
    }
    const struct frames *frames = frame_lines(list, file);
    return frames && add_lines(list, range, frames);
}

/* --- Stretches of code --- */

static int by_address(const void *a, const void *b)
{
    const struct weblist_sample *const *x = a, *const *y = b;
    return ((*x)->address > (*y)->address) - ((*x)->address < (*y)->address);
}

/* The samples of interest, by address: those in executables, then the others. */
static const struct weblist_sample **sort_samples(struct weblist *list, size_t *nread, size_t *nbare)
{
    const struct weblist_sample **sorted =
        arena_new(&list->job->arena, const struct weblist_sample *, list->samples.n + 1);
    size_t n = 0, bare = 0;
    for (int pass = 0; pass < 2 && sorted; pass++) {
        for (size_t i = 0; i < list->samples.n; i++) {
            const struct weblist_sample *sample = &list->samples.at[i];
            if (sample->location != PROFILE_NONE && !sample->file == (pass == 1))
                sorted[n + bare] = sample, *(pass == 0 ? &n : &bare) += 1;
        }
    }
    if (sorted && n > 0)
        qsort(sorted, n, sizeof *sorted, by_address);
    if (sorted && bare > 0)
        qsort(sorted + n, bare, sizeof *sorted, by_address);
    *nread = n;
    *nbare = bare;
    return sorted;
}

/* Takes the samples at the front that are near each other, and returns how many. */
static size_t take_range(struct weblist *list, const struct weblist_sample **samples, size_t n, struct range *range)
{
    const struct profile *profile = profile_of(list);
    const struct profile_mapping *mapping = &profile->mappings[profile->locations[samples[0]->location].mapping];
    uint64_t begin = samples[0]->address, end = begin;
    size_t taken = 1;
    *range = (struct range){.file = samples[0]->file, .score = samples[0]->flat};
    for (; taken < n && samples[taken]->address <= end + 2 * expand && samples[taken]->address < mapping->limit;
         taken++) {
        end = samples[taken]->address;
        range->score = number_add(range->score, samples[taken]->flat);
    }
    /* The first test is of a difference the other way round in Go's tool as well. */
    range->begin = mapping->start - begin >= expand ? begin - expand : mapping->start;
    range->end = mapping->limit - end >= expand ? end + expand : mapping->limit;
    return taken;
}

static bool heavier(const void *context, const void *a, const void *b)
{
    (void)context;
    return ((const struct range *)a)->score > ((const struct range *)b)->score;
}

static bool read_ranges(struct weblist *list, const struct weblist_sample **samples, size_t n)
{
    struct range *ranges = arena_new(&list->job->arena, struct range, n);
    size_t count = 0;
    if (!ranges)
        return false;
    for (size_t i = 0; i < n; count++)
        i += take_range(list, samples + i, n - i, &ranges[count]);
    go_sort(&(struct go_sort){.at = ranges, .size = sizeof *ranges, .before = heavier}, count);
    for (size_t i = 0; i < count && i < most_ranges; i++) {
        if (!add_range(list, &ranges[i]))
            return false;
    }
    return true;
}

/* Gives every instruction the samples at its address, and those in its midst. */
static void weigh(struct weblist *list)
{
    for (size_t i = 0; i < list->instructions.n; i++) {
        struct weblist_instruction *instruction = &list->instructions.at[i];
        for (uint32_t at = 0; at < instruction->length; at++) {
            const uint32_t *number = map_find(&list->sample_of, instruction->address + at);
            if (!number)
                continue;
            instruction->flat = number_add(instruction->flat, list->samples.at[*number].flat);
            instruction->cum = number_add(instruction->cum, list->samples.at[*number].cum);
        }
    }
}

bool weblist_gather(struct weblist *list)
{
    size_t nread, nbare;
    if (!match_all(list) || !add_samples(list))
        return false;
    if (list->interest.n == 0) {
        buf_str(list->job->error, STR("no matches found for regexp: "));
        buf_str(list->job->error, list->job->options->symbol_text);
        return false;
    }
    const struct weblist_sample **samples = sort_samples(list, &nread, &nbare);
    if (!samples)
        return false;
    for (size_t i = 0; i < nbare; i++) {
        if (!add_bare(list, samples[nread + i]))
            return false;
    }
    if (!read_ranges(list, samples, nread))
        return false;
    weigh(list);
    return true;
}
