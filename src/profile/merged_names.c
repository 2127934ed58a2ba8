/* For each source, columns remember what its functions, mappings and locations became, so each is looked for once.
 * Later sources bring little that is new, mostly in an order that is known: so it is guessed what comes next. Where
 * that is wrong there is a hash table, and what takes time then is fetching memory: the slots of the tables and the
 * rows that they name. So look-ups go in batches, where the memory for all of a batch is asked for first.
 */
#include "profile/merged_names.h"

#include <string.h>

#include "base/hash.h"

enum {
    batch = 32,
    far = 32,
    near = 16 /* how many guesses ahead memory is asked for: rows first, then what they name */
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- Sequences --- */

static void sequence_finish(struct sequence *sequence, struct mem *mem)
{
    vec_finish(&sequence->rows, mem);
    vec_finish(&sequence->place, mem);
}

/* Takes up what a source brought: rows from sequence->place.n on are new. column[n] is what the source's became. */
static bool sequence_extend(struct sequence *sequence, const uint32_t *column, size_t n, size_t rows, struct mem *mem)
{
    size_t old = sequence->place.n;
    if (rows == old)
        return true;
    if (!vec_reserve(&sequence->place, mem, rows - old) || !vec_reserve(&sequence->rows, mem, rows - old))
        return false;
    memset(sequence->place.at + old, 0xff, (rows - old) * sizeof *sequence->place.at);
    sequence->place.n = rows;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = column[i];
        if (row == PROFILE_NONE || row < old || sequence->place.at[row] != PROFILE_NONE)
            continue;
        sequence->place.at[row] = (uint32_t)sequence->rows.n;
        sequence->rows.at[sequence->rows.n++] = row;
    }
    return true;
}

/* The place behind that of a row. */
static size_t sequence_behind(const struct sequence *sequence, uint32_t row)
{
    return row < sequence->place.n ? (size_t)sequence->place.at[row] + 1 : SIZE_MAX;
}

/* The row at a place; PROFILE_NONE behind the last one. */
static uint32_t sequence_row(const struct sequence *sequence, size_t place)
{
    return place < sequence->rows.n ? sequence->rows.at[place] : PROFILE_NONE;
}

/* What of a batch of a source's rows was not guessed right and is to be looked up. */
struct unguessed {
    uint32_t rows[batch], n;
};

/* Guesses at a source's rows [first, end), at most a batch, from *place of the sequence on. One that is not what comes
 * next there is mostly new, so that the next one may be; where several are not, nothing is known of the others. */
static void guess(struct merged_names *names, const struct sequence *sequence, uint32_t first, uint32_t end,
                  size_t *place, uint32_t *column, struct unguessed *others,
                  bool (*is_same)(struct merged_names *names, uint32_t index, uint32_t row, size_t place))
{
    enum { most_misses = 3 };
    uint32_t misses = 0;
    others->n = 0;
    for (uint32_t i = first; i < end; i++) {
        uint32_t row = misses < most_misses ? sequence_row(sequence, *place) : PROFILE_NONE;
        if (row != PROFILE_NONE && is_same(names, i, row, *place)) {
            column[i] = row;
            ++*place;
            misses = 0;
        } else {
            others->rows[others->n++] = i;
            misses++;
        }
    }
}

/* Where guessing goes on behind a row that was found, or was not. */
static size_t sequence_follow(const struct sequence *sequence, uint32_t found, size_t place)
{
    return found != PROFILE_NONE ? sequence_behind(sequence, found) : place;
}

/* --- Life --- */

bool merged_names_init(struct merged_names *names, struct profile *out, struct mem *mem)
{
    *names = (struct merged_names){.mem = mem, .out = out};
    return vec_push(&names->line_start, mem, 0);
}

void merged_names_finish(struct merged_names *names)
{
    vec_finish(&names->mappings, names->mem);
    vec_finish(&names->functions, names->mem);
    vec_finish(&names->locations, names->mem);
    vec_finish(&names->line_start, names->mem);
    vec_finish(&names->lines, names->mem);
    index_table_finish(&names->mapping_table, names->mem);
    index_table_finish(&names->function_table, names->mem);
    index_table_finish(&names->location_table, names->mem);
    sequence_finish(&names->string_sequence, names->mem);
    sequence_finish(&names->function_sequence, names->mem);
    sequence_finish(&names->location_sequence, names->mem);
}

/* --- Strings --- */

bool merged_names_string(struct merged_names *names, uint32_t *string)
{
    uint32_t *known = &names->to_string[*string];
    if (*known == PROFILE_NONE)
        *known = profile_string(names->out, names->source->strings[*string]);
    *string = *known;
    return *known != PROFILE_NONE;
}

/* Asks for strings that will be guessed soon. */
static void expect_strings(const struct merged_names *names, size_t place)
{
    uint32_t row = sequence_row(&names->string_sequence, place + far);
    if (row != PROFILE_NONE)
        __builtin_prefetch(&names->out->strings[row]);
    row = sequence_row(&names->string_sequence, place + near);
    if (row != PROFILE_NONE)
        __builtin_prefetch(names->out->strings[row].p);
}

static bool is_string(struct merged_names *names, uint32_t string, uint32_t row, size_t place)
{
    expect_strings(names, place);
    return str_equal(names->source->strings[string], names->out->strings[row]);
}

/* Looks strings up by their hashes. */
static void look_up_strings(struct merged_names *names, const struct unguessed *strings)
{
    struct str texts[batch];
    uint32_t found[batch];
    for (uint32_t i = 0; i < strings->n; i++)
        texts[i] = names->source->strings[strings->rows[i]];
    str_map_find_all(&names->out->string_index, texts, strings->n, PROFILE_NONE, found);
    for (uint32_t i = 0; i < strings->n; i++)
        names->to_string[strings->rows[i]] = found[i];
}

/* --- Mappings --- */

/* What mappings are the same by: their size in pages, since addresses are random; the offset; the build id or file. */
struct mapping_key {
    uint64_t size, offset;
    uint32_t build_id_or_file;
};

static struct mapping_key mapping_key(const struct profile_mapping *mapping)
{
    const uint64_t page = 0x1000;
    uint64_t size = mapping->limit - mapping->start + page - 1;
    return (struct mapping_key){size - size % page, mapping->offset,
                                mapping->build_id != 0 ? mapping->build_id : mapping->file};
}

static bool same_mapping(const struct merged_names *names, struct mapping_key a, uint32_t row)
{
    struct mapping_key b = mapping_key(&names->mappings.at[row]);
    return a.size == b.size && a.offset == b.offset && a.build_id_or_file == b.build_id_or_file;
}

static struct index_walk walk_to_mapping(struct merged_names *names, const struct profile_mapping *mapping)
{
    struct mapping_key key = mapping_key(mapping);
    struct index_walk walk =
        index_walk(&names->mapping_table, hash_fold(hash_fold(key.size, key.offset), key.build_id_or_file));
    while (index_walk_next(&walk) && !same_mapping(names, key, walk.row)) {
    }
    return walk;
}

uint32_t merged_names_mapping(struct merged_names *names, uint32_t index)
{
    uint32_t *became = &names->to_mapping[index];
    if (*became != PROFILE_NONE)
        return *became;
    struct profile_mapping mapping = names->source->mappings[index];
    if (!merged_names_string(names, &mapping.file) || !merged_names_string(names, &mapping.build_id) ||
        !index_table_grow(&names->mapping_table, names->mem))
        return PROFILE_NONE;
    struct index_walk walk = walk_to_mapping(names, &mapping);
    if (walk.row == PROFILE_NONE) {
        walk.row = (uint32_t)names->mappings.n;
        mapping.id = (uint64_t)walk.row + 1;
        if (!vec_push(&names->mappings, names->mem, mapping))
            return PROFILE_NONE;
        index_walk_put(&walk, walk.row);
    }
    return *became = walk.row;
}

/* --- Functions --- */

static bool same_function(const struct merged_names *names, const struct profile_function *a, uint32_t row)
{
    const struct profile_function *b = &names->functions.at[row];
    return a->name == b->name && a->system_name == b->system_name && a->filename == b->filename &&
           a->start_line == b->start_line;
}

static uint64_t function_hash(const struct profile_function *function)
{
    return hash_fold((uint64_t)function->name << 32 | function->filename,
                     (uint64_t)function->start_line << 32 ^ function->system_name);
}

/* The row that is the same as a function of merged strings; PROFILE_NONE where there is none. */
static struct index_walk walk_to_function(struct merged_names *names, const struct profile_function *function,
                                          uint64_t hash)
{
    struct index_walk walk = index_walk(&names->function_table, hash);
    while (index_walk_next(&walk) && !same_function(names, function, walk.row)) {
    }
    return walk;
}

static uint32_t map_function(struct merged_names *names, uint32_t index)
{
    uint32_t *became = &names->to_function[index];
    if (*became != PROFILE_NONE)
        return *became;
    struct profile_function function = names->source->functions[index];
    if (!merged_names_string(names, &function.name) || !merged_names_string(names, &function.system_name) ||
        !merged_names_string(names, &function.filename) || !index_table_grow(&names->function_table, names->mem))
        return PROFILE_NONE;
    struct index_walk walk = walk_to_function(names, &function, function_hash(&function));
    if (walk.row == PROFILE_NONE) {
        walk.row = (uint32_t)names->functions.n;
        function.id = (uint64_t)walk.row + 1;
        if (!vec_push(&names->functions, names->mem, function))
            return PROFILE_NONE;
        index_walk_put(&walk, walk.row);
    }
    return *became = walk.row;
}

static void find_mappings(struct merged_names *names)
{
    const struct profile *source = names->source;
    for (uint32_t i = 0; i < source->nmappings; i++) {
        struct profile_mapping mapping = source->mappings[i];
        mapping.file = names->to_string[mapping.file];
        mapping.build_id = names->to_string[mapping.build_id];
        names->to_mapping[i] = walk_to_mapping(names, &mapping).row;
    }
}

/* One of the source's functions with the merged profile's strings: PROFILE_NONE, which no row has, for unknown ones. */
static struct profile_function translated_function(const struct merged_names *names, uint32_t index)
{
    struct profile_function function = names->source->functions[index];
    function.name = names->to_string[function.name];
    function.system_name = names->to_string[function.system_name];
    function.filename = names->to_string[function.filename];
    return function;
}

static bool is_function(struct merged_names *names, uint32_t index, uint32_t row, size_t place)
{
    struct profile_function function = translated_function(names, index);
    uint32_t next = sequence_row(&names->function_sequence, place + near);
    if (next != PROFILE_NONE)
        __builtin_prefetch(&names->functions.at[next]);
    return same_function(names, &function, row);
}

/* Looks functions up by their hashes. */
static void look_up_functions(struct merged_names *names, const struct unguessed *those)
{
    struct profile_function functions[batch];
    uint64_t hashes[batch];
    for (uint32_t i = 0; i < those->n; i++) {
        functions[i] = translated_function(names, those->rows[i]);
        hashes[i] = function_hash(&functions[i]);
        index_table_prefetch(&names->function_table, hashes[i]);
    }
    for (uint32_t i = 0; i < those->n; i++)
        names->to_function[those->rows[i]] = walk_to_function(names, &functions[i], hashes[i]).row;
}

/* --- Locations --- */

/* A location as it is in the merged profile, and the source's lines of it. */
struct location_key {
    uint64_t relative_address; /* in the mapping */
    uint32_t mapping;
    bool is_folded;
    const struct profile_line *lines;
    uint32_t nlines;
};

static uint64_t merged_relative(const struct merged_names *names, const struct profile_location *location)
{
    return location->mapping == PROFILE_NONE ? location->address
                                             : location->address - names->mappings.at[location->mapping].start;
}

/* The key of a location whose mapping and functions are known; false where one is not. */
static bool location_key(const struct merged_names *names, uint32_t index, struct location_key *key)
{
    const struct profile *source = names->source;
    const struct profile_location *location = &source->locations[index];
    *key = (struct location_key){.relative_address = location->address,
                                 .mapping = PROFILE_NONE,
                                 .is_folded = location->is_folded,
                                 .lines = source->lines + source->line_start[index],
                                 .nlines = source->line_start[index + 1] - source->line_start[index]};
    if (location->mapping != PROFILE_NONE) {
        key->mapping = names->to_mapping[location->mapping];
        key->relative_address -= source->mappings[location->mapping].start;
        if (key->mapping == PROFILE_NONE)
            return false;
    }
    for (uint32_t i = 0; i < key->nlines; i++) {
        if (names->to_function[key->lines[i].function] == PROFILE_NONE)
            return false;
    }
    return true;
}

/* Whether the source's lines are the same as a run of the merged profile's. Go's key has room for only the last line's
 * column. */
static bool same_lines(const struct merged_names *names, const struct location_key *key, const struct profile_line *b)
{
    const struct profile_line *a = key->lines;
    for (uint32_t i = 0; i < key->nlines; i++) {
        if (names->to_function[a[i].function] != b[i].function || a[i].line != b[i].line)
            return false;
    }
    return a[key->nlines - 1].column == b[key->nlines - 1].column;
}

static bool same_location(const struct merged_names *names, const struct location_key *key, uint32_t row)
{
    const struct profile_location *location = &names->locations.at[row];
    uint32_t first = names->line_start.at[row], n = names->line_start.at[row + 1] - first;
    return key->mapping == location->mapping && key->is_folded == location->is_folded && key->nlines == n &&
           key->relative_address == merged_relative(names, location) &&
           (n == 0 || same_lines(names, key, names->lines.at + first));
}

static uint64_t location_hash(const struct merged_names *names, const struct location_key *key)
{
    uint64_t hash = hash_fold(key->relative_address, (uint64_t)key->mapping << 1 | key->is_folded);
    for (uint32_t i = 0; i < key->nlines; i++)
        hash = hash_fold(hash_fold(hash, names->to_function[key->lines[i].function]), (uint64_t)key->lines[i].line);
    return hash_u64(hash);
}

static struct index_walk walk_to_location(struct merged_names *names, const struct location_key *key, uint64_t hash)
{
    struct index_walk walk = index_walk(&names->location_table, hash);
    while (index_walk_next(&walk) && !same_location(names, key, walk.row)) {
    }
    return walk;
}

/* Brings what a location refers to over: its mapping first, then the functions of its lines. */
static bool map_parts(struct merged_names *names, uint32_t index)
{
    const struct profile *source = names->source;
    uint32_t mapping = source->locations[index].mapping;
    if (mapping != PROFILE_NONE && merged_names_mapping(names, mapping) == PROFILE_NONE)
        return false;
    for (uint32_t i = source->line_start[index]; i < source->line_start[index + 1]; i++) {
        if (map_function(names, source->lines[i].function) == PROFILE_NONE)
            return false;
    }
    return true;
}

/* Appends a location, which lies where its mapping is in the merged profile. */
static bool add_location(struct merged_names *names, const struct location_key *key)
{
    uint64_t start = key->mapping == PROFILE_NONE ? 0 : names->mappings.at[key->mapping].start;
    struct profile_location location = {.address = start + key->relative_address,
                                        .mapping = key->mapping,
                                        .is_folded = key->is_folded,
                                        .id = (uint64_t)names->locations.n + 1};
    if (names->lines.n + key->nlines >= PROFILE_NONE || !vec_reserve(&names->lines, names->mem, key->nlines))
        return false;
    for (uint32_t i = 0; i < key->nlines; i++) {
        struct profile_line line = key->lines[i];
        line.function = names->to_function[line.function];
        names->lines.at[names->lines.n++] = line;
    }
    return vec_push(&names->locations, names->mem, location) &&
           vec_push(&names->line_start, names->mem, (uint32_t)names->lines.n);
}

uint32_t merged_names_location(struct merged_names *names, uint32_t index)
{
    uint32_t *became = &names->to_location[index];
    struct location_key key;
    if (*became != PROFILE_NONE)
        return *became;
    if (!map_parts(names, index) || !location_key(names, index, &key) ||
        !index_table_grow(&names->location_table, names->mem))
        return PROFILE_NONE;
    struct index_walk walk = walk_to_location(names, &key, location_hash(names, &key));
    if (walk.row == PROFILE_NONE) {
        walk.row = (uint32_t)names->locations.n;
        if (!add_location(names, &key))
            return PROFILE_NONE;
        index_walk_put(&walk, walk.row);
    }
    return *became = walk.row;
}

void merged_names_expect(const struct merged_names *names, uint32_t index)
{
    struct location_key key;
    if (location_key(names, index, &key))
        index_table_prefetch(&names->location_table, location_hash(names, &key));
}

/* Asks for the row that a look-up will most likely end at. */
static void prefetch_location(struct merged_names *names, uint64_t hash)
{
    struct index_walk walk = index_walk(&names->location_table, hash);
    if (!index_walk_next(&walk))
        return;
    __builtin_prefetch(&names->locations.at[walk.row]);
    __builtin_prefetch(&names->lines.at[names->line_start.at[walk.row]]);
}

/* Asks for locations that will be guessed soon. */
static void expect_locations(const struct merged_names *names, size_t place)
{
    uint32_t row = sequence_row(&names->location_sequence, place + far);
    if (row != PROFILE_NONE) {
        __builtin_prefetch(&names->locations.at[row]);
        __builtin_prefetch(&names->line_start.at[row]);
    }
    row = sequence_row(&names->location_sequence, place + near);
    if (row != PROFILE_NONE)
        __builtin_prefetch(&names->lines.at[names->line_start.at[row]]);
}

static bool is_location(struct merged_names *names, uint32_t index, uint32_t row, size_t place)
{
    struct location_key key;
    expect_locations(names, place);
    return location_key(names, index, &key) && same_location(names, &key, row);
}

/* Looks locations up by their hashes. */
static void look_up_locations(struct merged_names *names, const struct unguessed *those)
{
    struct location_key keys[batch];
    uint64_t hashes[batch];
    bool whole[batch];
    for (uint32_t i = 0; i < those->n; i++) {
        whole[i] = location_key(names, those->rows[i], &keys[i]);
        hashes[i] = whole[i] ? location_hash(names, &keys[i]) : 0;
        if (whole[i])
            index_table_prefetch(&names->location_table, hashes[i]);
    }
    for (uint32_t i = 0; i < those->n; i++) {
        if (whole[i])
            prefetch_location(names, hashes[i]);
    }
    for (uint32_t i = 0; i < those->n; i++)
        names->to_location[those->rows[i]] = whole[i] ? walk_to_location(names, &keys[i], hashes[i]).row : PROFILE_NONE;
}

/* --- A source --- */

/* The columns of what a source's rows became, all unknown. */
static bool make_columns(struct merged_names *names)
{
    const struct profile *s = names->source;
    names->columns = (size_t)s->nstrings + s->nfunctions + s->nmappings + s->nlocations;
    names->to_string = mem_get_array(names->mem, names->columns, sizeof *names->to_string);
    if (!names->to_string)
        return false;
    memset(names->to_string, 0xff, names->columns * sizeof *names->to_string);
    names->to_function = names->to_string + s->nstrings;
    names->to_mapping = names->to_function + s->nfunctions;
    names->to_location = names->to_mapping + s->nmappings;
    return true;
}

/* Finds n of the source's rows, by a guess or by their hashes. */
static void find_rows(struct merged_names *names, const struct sequence *sequence, uint32_t n, uint32_t *column,
                      bool (*is_same)(struct merged_names *names, uint32_t index, uint32_t row, size_t place),
                      void (*look_up)(struct merged_names *names, const struct unguessed *those))
{
    struct unguessed others;
    size_t place = 0;
    for (uint32_t first = 0, end; first < n; first = end) {
        end = first + smaller(n - first, batch);
        guess(names, sequence, first, end, &place, column, &others, is_same);
        if (others.n > 0)
            look_up(names, &others);
        place = sequence_follow(sequence, column[end - 1], place);
    }
}

/* A row that is not known cannot be told from one that has a number no row has, so neither needs a test of its own. */
static void find_known(struct merged_names *names)
{
    const struct profile *s = names->source;
    find_rows(names, &names->string_sequence, s->nstrings, names->to_string, is_string, look_up_strings);
    find_mappings(names);
    find_rows(names, &names->function_sequence, s->nfunctions, names->to_function, is_function, look_up_functions);
    find_rows(names, &names->location_sequence, s->nlocations, names->to_location, is_location, look_up_locations);
}

bool merged_names_begin(struct merged_names *names, const struct profile *source)
{
    names->source = source;
    if (!make_columns(names))
        return false;
    if (names->locations.n > 0)
        find_known(names);
    return true;
}

/* Takes up in which order the source lists what was new. */
static bool extend_sequences(struct merged_names *names)
{
    const struct profile *s = names->source;
    return sequence_extend(&names->string_sequence, names->to_string, s->nstrings, names->out->nstrings, names->mem) &&
           sequence_extend(&names->function_sequence, names->to_function, s->nfunctions, names->functions.n,
                           names->mem) &&
           sequence_extend(&names->location_sequence, names->to_location, s->nlocations, names->locations.n,
                           names->mem);
}

bool merged_names_end(struct merged_names *names)
{
    bool good = !names->to_string || extend_sequences(names);
    mem_put(names->mem, names->to_string, names->columns * sizeof *names->to_string);
    names->to_string = NULL;
    names->columns = 0;
    return good;
}

/* Hands a growing array over to the profile, shrunk to its size. */
#define HAND_OVER(array)                                                                                               \
    (profile_resize(out, &names->array.at, names->array.room, names->array.n, sizeof *names->array.at),                \
     out->array = names->array.at, names->array.at = NULL, names->array.room = 0)

void merged_names_hand_over(struct merged_names *names)
{
    struct profile *out = names->out;
    out->nmappings = (uint32_t)names->mappings.n;
    out->nfunctions = (uint32_t)names->functions.n;
    out->nlocations = (uint32_t)names->locations.n;
    HAND_OVER(mappings);
    HAND_OVER(functions);
    HAND_OVER(locations);
    HAND_OVER(line_start);
    HAND_OVER(lines);
}
