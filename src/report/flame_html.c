/* -flame=html: a flame graph as one page, which loads nothing. The page holds the tree as numbers and draws what can be
 * seen of it, so that it is small and quick whatever the profile's size:
 *
 *     boxes, in the order of the tree
 *       up[i]     how many levels above its predecessor box i's parent is (0: the predecessor is its parent)
 *       name[i]   its name's place in `names`; for merged boxes minus the number of frames that they stand for
 *       plus[i], minus[i], count[i]       (the last two only where there are any)
 *     names, with [text, short form, module] each
 */
#include "base/quote.h"
#include "profile/measure.h"
#include "report/flame.h"
#include "report/flame_module.h"
#include "report/scripts.h"

enum { most_boxes = 40000 }; /* some MB, most of it names */

/* Of a profile with many stacks; of others everything may be zoomed into. */
static const double least_share = 1 / 400000.0;

struct page {
    struct flame flame;
    uint32_t *name; /* per entry: its name's place; PROFILE_NONE for none yet */
    uint32_t *used; /* entries, in the order of their places */
    uint32_t nused;
};

/* --- The data --- */

/* How amounts become texts: factors and units, the smallest unit first. */
static void put_units(struct page *page)
{
    static const char *const units[] = {"ns", "us", "ms",    "s",     "hrs",   "B",   "kB",    "MB",    "GB",
                                        "TB", "PB", "n*GCU", "u*GCU", "m*GCU", "GCU", "k*GCU", "M*GCU", "G*GCU"};
    const int64_t one = (int64_t)1 << 50; /* large enough for what is scaled to be exact, too */
    const struct figures *figures = &page->flame.figures;
    struct buf *out = page->flame.job->out;
    double ratio = figures->ratio > 0 ? figures->ratio : 1;
    bool automatic = str_equal(figures->to, STR("auto")), any = false;
    buf_str(out, STR(",\n\"units\":["));
    for (size_t i = 0; automatic && i < sizeof units / sizeof *units; i++) {
        if (!measure_same_kind(figures->from, str_of(units[i])))
            continue;
        struct measure scaled = measure_scale(one, figures->from, str_of(units[i]));
        buf_printf(out, "%s[%.17g,", any ? "," : "", scaled.value / (double)one * ratio);
        buf_quote_json(out, scaled.unit);
        buf_byte(out, ']');
        any = true;
    }
    if (!any) {
        struct measure scaled = measure_scale(one, figures->from, figures->to);
        buf_printf(out, "[%.17g,", scaled.value / (double)one * ratio);
        buf_quote_json(out, scaled.unit);
        buf_byte(out, ']');
    }
    buf_byte(out, ']');
}

static void put_member(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, "\"%s\":", name);
    buf_quote_json(out, text);
}

static void put_facts(struct page *page)
{
    struct flame *flame = &page->flame;
    struct job *job = flame->job;
    struct buf header, merged, *out = job->out;
    buf_init(&header, job->mem);
    buf_init(&merged, job->mem);
    flame_put_header(job, &header);
    flame_put_merged(flame, &merged);
    buf_byte(out, '{');
    put_member(out, "type", flame_type(job));
    buf_byte(out, ',');
    put_member(out, "program", flame_program(job));
    buf_str(out, STR(",\n"));
    put_member(out, "header", buf_text(&header));
    buf_str(out, STR(",\n"));
    put_member(out, "merged", buf_text(&merged));
    buf_printf(out, ",\n\"total\":%lld,\"compared\":%s,\"base\":%s,\"mean\":%s", (long long)flame->figures.total,
               flame->compared ? "true" : "false", job->basis->is_diff ? "true" : "false",
               job->options->mean ? "true" : "false");
    put_units(page);
    out->failed |= header.failed | merged.failed;
    buf_finish(&merged);
    buf_finish(&header);
}

/* Gives the entries that are shown their places. */
static void choose_names(struct page *page)
{
    const struct flame_tree *tree = &page->flame.tree;
    for (uint32_t i = 0; i < tree->n; i++) {
        uint32_t entry = tree->at[i].entry;
        if (entry == PROFILE_NONE || page->name[entry] != PROFILE_NONE)
            continue;
        page->name[entry] = page->nused;
        page->used[page->nused++] = entry;
    }
}

static bool put_name(struct page *page, uint32_t entry, struct str_map *modules)
{
    struct flame *flame = &page->flame;
    struct buf *out = flame->job->out;
    struct str name = entry_stacks_name(&flame->stacks, entry), module = flame->modules[entry];
    struct str shorter = flame_short_name(flame, entry);
    uint32_t *place = str_map_add(modules, module, modules->n);
    if (!name.p || !shorter.p || !place)
        return false;
    buf_byte(out, '[');
    buf_quote_json(out, name);
    buf_byte(out, ',');
    buf_quote_json(out, str_equal(shorter, name) ? STR("") : shorter);
    buf_printf(out, ",%u,%u]", *place, flame_shade(name));
    return true;
}

/* Appends the names, and the modules that they are of. */
static bool put_names(struct page *page)
{
    struct flame *flame = &page->flame;
    struct buf *out = flame->job->out;
    struct str_map modules;
    str_map_init(&modules, flame->job->mem);
    struct str *texts = arena_new(&flame->job->arena, struct str, (size_t)page->nused + 1);
    bool good = texts != NULL;
    buf_str(out, STR(",\n\"names\":["));
    for (uint32_t i = 0; good && i < page->nused; i++) {
        uint32_t before = modules.n;
        buf_str(out, i == 0 ? STR("\n") : STR(",\n"));
        good = put_name(page, page->used[i], &modules) && job_drain(flame->job);
        if (good && modules.n > before)
            texts[before] = flame->modules[page->used[i]];
    }
    buf_str(out, STR("],\n\"modules\":["));
    for (uint32_t i = 0; good && i < modules.n; i++) {
        buf_str(out, i == 0 ? STR("\n[") : STR(",\n["));
        buf_quote_json(out, texts[i]);
        buf_printf(out, ",%u]", flame_hue(texts[i]));
    }
    buf_byte(out, ']');
    str_map_finish(&modules);
    return good;
}

enum column { column_up, column_name, column_plus, column_minus, column_count };

static int64_t cell(const struct page *page, uint32_t i, enum column column)
{
    const struct flame_box *box = &page->flame.tree.at[i];
    switch (column) {
    case column_up:
        return i == 0 ? 0 : (int64_t)box[-1].depth + 1 - box->depth;
    case column_name:
        return box->merged > 0 ? -(int64_t)box->merged : box->entry == PROFILE_NONE ? 0 : page->name[box->entry];
    case column_plus:
        return box->value.plus;
    case column_minus:
        return box->value.minus;
    case column_count:
        return box->value.count;
    }
    return 0;
}

static bool put_column(struct page *page, const char *name, enum column column)
{
    struct buf *out = page->flame.job->out;
    buf_printf(out, ",\n\"%s\":[", name);
    for (uint32_t i = 0; i < page->flame.tree.n; i++) {
        if (i > 0)
            buf_byte(out, ',');
        buf_int(out, cell(page, i, column));
        if (i % 64 == 63)
            buf_byte(out, '\n');
    }
    buf_byte(out, ']');
    return job_drain(page->flame.job);
}

static bool put_data(struct page *page)
{
    put_facts(page);
    bool good = put_names(page) && put_column(page, "up", column_up) && put_column(page, "name", column_name) &&
                put_column(page, "plus", column_plus);
    if (good && page->flame.compared)
        good = put_column(page, "minus", column_minus);
    if (good && page->flame.job->options->mean)
        good = put_column(page, "count", column_count);
    buf_str(page->flame.job->out, STR("}\n"));
    return good;
}

/* --- The page --- */

static void put_escaped(struct buf *out, struct str text)
{
    while (text.n > 0) {
        uint32_t rune = 0;
        size_t n = utf8_decode(text, &rune);
        if (n == 0 || rune < ' ' || rune == 0x7f)
            buf_str(out, STR("\ufffd"));
        else if (rune == '&' || rune == '<' || rune == '>')
            buf_printf(out, "&#%u;", rune);
        else
            buf_str(out, str_first(text, n));
        text = str_skip(text, n > 0 ? n : 1);
    }
}

static void put_head(struct page *page)
{
    struct job *job = page->flame.job;
    struct str program = flame_program(job);
    buf_str(job->out, STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"));
    put_escaped(job->out, flame_type(job));
    buf_str(job->out, program.n > 0 ? STR(" · ") : STR(""));
    put_escaped(job->out, program);
    buf_str(job->out, STR("</title>\n<style>"));
    buf_str(job->out, flame_page_style);
    buf_str(job->out, STR("</style>\n</head>\n"));
    buf_str(job->out, flame_page_body);
}

static bool write_page(struct page *page)
{
    struct job *job = page->flame.job;
    uint32_t nentries = page->flame.stacks.entries.n;
    page->name = arena_new(&job->arena, uint32_t, nentries);
    page->used = arena_new(&job->arena, uint32_t, nentries);
    if (!page->name || !page->used)
        return false;
    memset(page->name, 0xff, nentries * sizeof *page->name);
    choose_names(page);
    put_head(page);
    buf_str(job->out, STR("<script type=\"application/json\" id=\"data\">"));
    bool good = put_data(page);
    buf_str(job->out, STR("</script>\n<script>(function () {"));
    buf_str(job->out, flame_names_script);
    buf_str(job->out, flame_page_script);
    buf_str(job->out, STR("})();\n</script>\n</body>\n</html>\n"));
    return good;
}

bool flame_html_write(struct job *job)
{
    struct page page = {.nused = 0};
    struct flame_limits limits = {.most = most_boxes,
                                  .least_share = job->profile->nstacks > most_boxes ? least_share : 0,
                                  .drop_negative = job->rules.drop_negative};
    if (!flame_init(&page.flame, job, &limits))
        return false;
    bool good = write_page(&page);
    flame_finish(&page.flame);
    return good;
}
