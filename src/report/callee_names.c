#include "report/callee_names.h"

#include "base/buf.h"
#include "base/map.h"
#include "report/call_tree.h"

/* Tuples are numbered by numbering pairs again and again. */
struct numbering {
    struct map name_and_file, starts, with_start, with_binary, columns, with_column, with_caller;
};

/* What a listed node's function is called, and which of those that are called so it is. */
struct function {
    uint32_t name;   /* number of the name and file */
    uint32_t number; /* from 1, of those with that name and file */
};

struct namer {
    struct graph *graph;
    struct numbering numbering;
    struct function *functions; /* per listed node */
    VEC(uint32_t) counts;       /* per name and file: how many functions */
    VEC(uint32_t) numbers;      /* per function: its number, 0 before it has one */
};

/* The number of a key, a new one where it is not known; PROFILE_NONE on exhaustion. */
static uint32_t number_of_key(struct map *map, uint64_t key)
{
    uint32_t *number = map_add(map, key, map->n);
    return number ? *number : PROFILE_NONE;
}

static uint32_t number_of_pair(struct map *map, uint32_t a, uint32_t b)
{
    return a == PROFILE_NONE ? a : number_of_key(map, (uint64_t)a << 32 | b);
}

/* The number of the function that a node belongs to, and of its name and file; false on exhaustion. A node at a place
 * within a function (an address or line) belongs to the whole function; in a call tree, to it below its caller. */
static bool number_function(struct namer *namer, uint32_t node, uint32_t *name, uint32_t *function)
{
    struct numbering *numbering = &namer->numbering;
    const struct graph *graph = namer->graph;
    const struct entry *entry = &graph->entries.at[graph_entry(graph, node)];
    bool whole = entry->address == 0 && entry->line == 0;
    uint32_t start = number_of_key(&numbering->starts, (uint64_t)entry->start_line);
    uint32_t column = number_of_key(&numbering->columns, whole ? (uint64_t)entry->column : 0);
    *name = number_of_pair(&numbering->name_and_file, entry->name, entry->file);
    if (start == PROFILE_NONE || column == PROFILE_NONE)
        return false;
    *function = number_of_pair(&numbering->with_start, *name, start);
    *function = number_of_pair(&numbering->with_binary, *function, entry->objfile);
    *function = number_of_pair(&numbering->with_column, *function, column);
    if (graph->tree)
        *function = number_of_pair(&numbering->with_caller, *function, call_tree_origin(graph->tree, node));
    return *function != PROFILE_NONE;
}

/* Numbers the functions of one name in the order of the list. */
static bool add(struct namer *namer, uint32_t index)
{
    struct mem *mem = namer->graph->mem;
    uint32_t name, function;
    if (!number_function(namer, namer->graph->list[index], &name, &function))
        return false;
    while (namer->counts.n <= name) {
        if (!vec_push(&namer->counts, mem, 0))
            return false;
    }
    while (namer->numbers.n <= function) {
        if (!vec_push(&namer->numbers, mem, 0))
            return false;
    }
    if (namer->numbers.at[function] == 0)
        namer->numbers.at[function] = ++namer->counts.at[name];
    namer->functions[index] = (struct function){name, namer->numbers.at[function]};
    return true;
}

static struct str name_of(struct namer *namer, uint32_t index)
{
    struct graph *graph = namer->graph;
    const struct entry *entry = &graph->entries.at[graph_entry(graph, graph->list[index])];
    const struct function *function = &namer->functions[index];
    struct str name = graph->profile->strings[entry->name];
    uint32_t count = namer->counts.at[function->name];
    if (count < 2)
        return name;
    struct buf text;
    buf_init(&text, graph->mem);
    buf_str(&text, name);
    buf_printf(&text, " [%u/%u]", function->number, count);
    name = text.failed ? (struct str){0} : arena_str(&graph->arena, buf_text(&text));
    buf_finish(&text);
    return name;
}

static void finish(struct namer *namer)
{
    struct numbering *n = &namer->numbering;
    struct map *maps[] = {&n->name_and_file, &n->starts,      &n->with_start, &n->with_binary,
                          &n->columns,       &n->with_column, &n->with_caller};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        map_finish(maps[i]);
    vec_finish(&namer->counts, namer->graph->mem);
    vec_finish(&namer->numbers, namer->graph->mem);
}

bool callee_names(struct graph *graph, struct str **names)
{
    struct namer namer = {.graph = graph};
    struct map empty;
    map_init(&empty, graph->mem);
    namer.numbering = (struct numbering){empty, empty, empty, empty, empty, empty, empty};
    namer.functions = arena_new(&graph->arena, struct function, graph->nlist);
    *names = arena_new(&graph->arena, struct str, graph->n);
    bool good = namer.functions && *names;
    for (uint32_t i = 0; good && i < graph->nlist; i++)
        good = add(&namer, i);
    for (uint32_t i = 0; good && i < graph->nlist; i++) {
        (*names)[graph->list[i]] = name_of(&namer, i);
        good = (*names)[graph->list[i]].p != NULL;
    }
    finish(&namer);
    return good;
}
