/* The page of -weblist: for every file the functions of interest in it, for each its source lines, and under each of
 * those, to be unfolded, the instructions made of it. Its markup is that of go tool pprof. */
#include "report/weblist.h"

#include <stdlib.h>

#include "profile/measure.h"
#include "report/html.h"
#include "report/number.h"
#include "report/path.h"
#include "report/weblist_page.h"

enum {
    merge_limit = 20, /* lines of a function that are no farther apart are shown together */
    expand_lines = 5, /* lines around those */
    text_width = 80,  /* of an instruction, with the spaces in front */
};

/* A byte that no label has. */
#define LABEL_SEPARATOR "\x1f"

/* Lines in a row of one function; items is those of the file, sorted by line. */
struct function {
    struct str name;
    int64_t begin, end; /* lines */
    int64_t flat, cum;
};

struct functions {
    VEC(struct function) at;
};

struct page {
    struct weblist list;
    struct buf scratch;
};

/* --- Functions of a file --- */

static int by_line(const void *a, const void *b)
{
    const struct weblist_item *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static size_t items_of_line(const struct weblist_file *file, size_t first)
{
    size_t n = 1;
    while (first + n < file->items.n && file->items.at[first + n].line == file->items.at[first].line)
        n++;
    return n;
}

/* The name of the function that a line belongs to: of the first instruction that was found on it. */
static struct str function_name(const struct weblist *list, const struct weblist_item *item)
{
    const uint32_t *pretty = str_map_find(&list->pretty, item->function);
    return pretty ? profile_text(list->job->profile, *pretty) : item->function;
}

static struct function function_of_line(const struct weblist *list, const struct weblist_item *items, size_t n)
{
    struct function function = {.name = function_name(list, items), .begin = items->line};
    function.end = number_add(items->line, 1);
    for (size_t i = 0; i < n; i++) {
        const struct weblist_instruction *instruction = &list->instructions.at[items[i].instruction];
        function.flat = number_add(function.flat, instruction->flat);
        function.cum = number_add(function.cum, instruction->cum);
    }
    return function;
}

/* Whether a line belongs to the function in front of it; then it is added to that. */
static bool merge(struct function *last, const struct function *function)
{
    if ((uint64_t)function->begin - (uint64_t)last->end >= merge_limit || !str_equal(last->name, function->name))
        return false;
    last->end = function->end;
    last->flat = number_add(last->flat, function->flat);
    last->cum = number_add(last->cum, function->cum);
    return true;
}

/* Shows what is around the functions; between two of them each gets half. */
static void expand(struct functions *functions)
{
    for (size_t i = 0; i < functions->at.n; i++) {
        struct function *function = &functions->at.at[i];
        if (i == 0) {
            if (function->begin > expand_lines)
                function->begin -= expand_lines;
            else if (function->begin > 1)
                function->begin = 1;
            continue;
        }
        uint64_t gap = ((uint64_t)function->begin - (uint64_t)function[-1].end) / 2;
        int64_t half = gap < expand_lines ? (int64_t)gap : expand_lines;
        function[-1].end += half;
        function->begin -= half;
    }
    if (functions->at.n > 0) {
        struct function *last = &functions->at.at[functions->at.n - 1];
        last->end = number_add(last->end, expand_lines);
    }
}

static bool find_functions(struct weblist *list, struct weblist_file *file, struct functions *functions)
{
    qsort(file->items.at, file->items.n, sizeof *file->items.at, by_line);
    for (size_t i = 0, n; i < file->items.n; i += n) {
        n = items_of_line(file, i);
        struct function function = function_of_line(list, &file->items.at[i], n);
        if (functions->at.n > 0 && merge(&functions->at.at[functions->at.n - 1], &function))
            continue;
        if (!vec_push(&functions->at, list->job->mem, function))
            return false;
    }
    expand(functions);
    return true;
}

/* --- Lines --- */

/* The source of a line; false where there is none. */
static bool source_line(struct weblist *list, struct str name, int64_t number, struct str *text)
{
    const struct source_file *file = source_known(&list->reader, name);
    if (!file)
        file = source_read(&list->reader, name);
    if (!file || number <= 0 || (uint64_t)number > file->lines.n)
        return false;
    *text = file->lines.at[number - 1];
    return true;
}

static size_t indentation(struct str line)
{
    size_t column = 0;
    for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++) {
        column++;
        while (line.p[i] == '\t' && column % 8 != 0)
            column++;
    }
    return column;
}

static struct str trimmed(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
        s = str_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
        s.n--;
    return s;
}

/* Appends text to scratch, behind spaces, with its tabs as spaces, filled up to text_width characters. */
static void put_padded(struct buf *out, size_t indent, struct str text)
{
    size_t start = out->n, column = indent;
    buf_fill(out, ' ', indent);
    for (size_t i = 0; i < text.n; i++) {
        bool begins = ((unsigned char)text.p[i] & 0xc0) != 0x80;
        column += begins;
        buf_byte(out, text.p[i] == '\t' ? ' ' : text.p[i]);
        for (; text.p[i] == '\t' && column % 8 != 0; column++)
            buf_byte(out, ' ');
    }
    size_t n = out->failed ? text_width : figure_characters((struct str){out->p + start, out->n - start});
    if (n < text_width)
        buf_fill(out, ' ', text_width - n);
}

/* Writes what was put into scratch, escaped. */
static void flush(struct page *page)
{
    html_put(page->list.job->out, buf_text(&page->scratch));
    page->scratch.n = 0;
}

static void put_amounts(struct page *page, int64_t flat, int64_t cum)
{
    figure_put_dotted(&page->scratch, &page->list.job->figures, flat, 10);
    buf_byte(&page->scratch, ' ');
    figure_put_dotted(&page->scratch, &page->list.job->figures, cum, 10);
}

/* A line of source that leads into an inlined call. */
static void put_call(struct page *page, const struct weblist_call *call, size_t indent)
{
    struct buf *out = page->list.job->out;
    struct str line = STR("");
    buf_fill(out, ' ', 42);
    buf_str(out, STR("<span class=inlinesrc>"));
    source_line(&page->list, call->file, call->line, &line);
    put_padded(&page->scratch, indent, trimmed(line));
    flush(page);
    buf_str(out, STR("</span> <span class=unimportant>"));
    html_put(out, path_base(call->file));
    buf_byte(out, ':');
    buf_int(out, call->line);
    buf_str(out, STR("</span>\n"));
}

static bool same_call(const struct weblist_call *a, const struct weblist_call *b)
{
    return a->line == b->line && str_equal(a->file, b->file);
}

/* The calls that lead to an instruction, unless they lead to the one before it too. */
static void put_calls(struct page *page, const struct weblist_item *item, const struct weblist_item *before,
                      size_t indent)
{
    const struct weblist_call *calls = page->list.calls.at + item->calls;
    const struct weblist_call *last = before ? page->list.calls.at + before->calls : NULL;
    size_t nlast = before ? before->ncalls : 0;
    for (size_t i = 0; i < item->ncalls; i++) {
        if (i < nlast && same_call(&calls[i], &last[i]))
            continue;
        nlast = 0;
        put_call(page, &calls[i], indent + 4 + 4 * i);
    }
}

static void put_instruction(struct page *page, const struct weblist_item *item, size_t indent)
{
    struct buf *out = page->list.job->out;
    const struct weblist_instruction *instruction = &page->list.instructions.at[item->instruction];
    buf_fill(&page->scratch, ' ', 10);
    put_amounts(page, instruction->flat, instruction->cum);
    buf_printf(&page->scratch, " %8llx: ", (unsigned long long)instruction->object_address);
    put_padded(&page->scratch, indent + 4 + 4 * (size_t)item->ncalls, instruction->text);
    buf_byte(&page->scratch, ' ');
    flush(page);
    buf_str(out, STR("<span class=unimportant>"));
    if (instruction->file.n > 0) {
        html_put_plain(&page->scratch, path_base(instruction->file)); /* Go's tool escapes it twice */
        buf_byte(&page->scratch, ':');
        buf_int(&page->scratch, instruction->line);
        flush(page);
    }
    buf_str(out, STR("</span>\n"));
}

/* Whether there is more to a line than that it has samples. */
static bool has_details(const struct weblist *list, const struct weblist_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (items[i].ncalls > 0 || list->instructions.at[items[i].instruction].text.n > 0)
            return true;
    }
    return false;
}

static void put_instructions(struct page *page, const struct weblist_item *items, size_t n, size_t indent)
{
    struct buf *out = page->list.job->out;
    uint64_t next = 0; /* behind the instruction before */
    buf_str(out, STR("<span class=asm>"));
    for (size_t i = 0; i < n; i++) {
        const struct weblist_instruction *instruction = &page->list.instructions.at[items[i].instruction];
        if (i > 0 && instruction->address != next) {
            buf_fill(out, ' ', 37);
            buf_str(out, STR("⋮\n"));
        }
        next = instruction->address + instruction->length;
        put_calls(page, &items[i], i > 0 ? &items[i - 1] : NULL, indent);
        if (instruction->text.n > 0)
            put_instruction(page, &items[i], indent);
    }
    buf_str(out, STR("</span>"));
}

static void put_line(struct page *page, int64_t number, struct str text, const struct weblist_item *items, size_t n)
{
    struct buf *out = page->list.job->out;
    bool details = has_details(&page->list, items, n);
    struct function sum = {0};
    if (n > 0)
        sum = function_of_line(&page->list, items, n);
    buf_printf(out, "\n<span class=line> %6lld</span> <span class=%s>", (long long)number,
               n == 0    ? "nop"
               : details ? "livesrc"
                         : "deadsrc");
    buf_fill(&page->scratch, ' ', 2);
    put_amounts(page, sum.flat, sum.cum);
    buf_fill(&page->scratch, ' ', 11);
    buf_str(&page->scratch, text);
    buf_byte(&page->scratch, ' ');
    flush(page);
    buf_str(out, STR("</span>"));
    if (details)
        put_instructions(page, items, n, indentation(text));
}

/* --- Listings --- */

static void put_lines(struct page *page, const struct weblist_file *file, const struct function *function,
                      const struct weblist_item *items, size_t n)
{
    for (int64_t line = function->begin; line < function->end; line++) {
        struct str text;
        size_t here = 0;
        while (n > 0 && items->line < line)
            items++, n--;
        while (here < n && items[here].line == line)
            here++;
        if (!source_line(&page->list, file->name, line, &text)) {
            if (here == 0)
                continue;
            text = line == 0 ? STR("<instructions with unknown line numbers>") : STR("???");
        }
        put_line(page, line, text, items, here);
    }
}

static void put_function(struct page *page, const struct weblist_file *file, const struct function *function)
{
    struct job *job = page->list.job;
    buf_str(job->out, STR("<h2>"));
    html_put(job->out, function->name);
    buf_str(job->out, STR("</h2><p class=\"filename\">"));
    html_put(job->out, file->name);
    buf_str(job->out, STR("</p>\n<pre onClick=\"pprof_toggle_asm(event)\">\n"));
    buf_str(&page->scratch, STR("  Total:  "));
    figure_put_wide(&page->scratch, &job->figures, function->flat, 10);
    buf_byte(&page->scratch, ' ');
    figure_put_wide(&page->scratch, &job->figures, function->cum, 10);
    buf_str(&page->scratch, STR(" (flat, cum) "));
    measure_put_percentage(&page->scratch, function->cum, job->figures.total);
    flush(page);
    put_lines(page, file, function, file->items.at, file->items.n);
    buf_str(job->out, STR("\n</pre>\n"));
}

static bool put_file(struct page *page, struct weblist_file *file)
{
    struct functions functions = {{0}};
    struct job *job = page->list.job;
    bool fine = find_functions(&page->list, file, &functions);
    for (size_t i = 0; i < functions.at.n && fine; i++) {
        if (functions.at.at[i].cum != 0)
            put_function(page, file, &functions.at.at[i]);
    }
    vec_finish(&functions.at, job->mem);
    return fine && job_drain(job);
}

/* The text behind the first label that begins so. */
static struct str label_value(struct str labels, struct str front)
{
    struct str separator = STR(LABEL_SEPARATOR);
    while (labels.n > 0) {
        size_t end = str_find(labels, separator, 0);
        struct str label = str_first(labels, end);
        if (str_starts_with(label, front))
            return str_skip(label, front.n);
        labels = str_skip(labels, end + 1);
    }
    return STR("unknown");
}

/* The labels above other reports, but for what was filtered. */
static void put_legend(struct job *job, struct str labels)
{
    struct str separator = STR(LABEL_SEPARATOR);
    buf_str(job->out, STR("\n<div class=\"legend\">"));
    while (labels.n > 0) {
        size_t end = str_find(labels, separator, 0);
        html_put(job->out, str_first(labels, end));
        labels = str_skip(labels, end + 1);
        if (labels.n > 0)
            buf_str(job->out, STR("<br>\n"));
    }
    buf_str(job->out, STR("<br>Total: "));
}

static void put_head(struct page *page)
{
    struct job *job = page->list.job;
    struct buf *out = job->out, labels, title;
    buf_init(&labels, job->mem);
    buf_init(&title, job->mem);
    job->out = &labels;
    job->label_end = LABEL_SEPARATOR[0];
    header_put_profile(job);
    job->out = out;
    buf_str(&title, label_value(buf_text(&labels), STR("File: ")));
    buf_byte(&title, ' ');
    buf_str(&title, label_value(buf_text(&labels), STR("Type: ")));
    weblist_page_put_head(out, buf_text(&title));
    put_legend(job, buf_text(&labels));
    figure_put(&page->scratch, &job->figures, job->figures.total);
    flush(page);
    buf_str(out, STR("</div>"));
    out->failed = out->failed || labels.failed || title.failed;
    buf_finish(&title);
    buf_finish(&labels);
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct weblist_file *)a)->name, ((const struct weblist_file *)b)->name);
}

static bool put_page(struct page *page)
{
    struct weblist *list = &page->list;
    if (list->files.n > 0)
        qsort(list->files.at, list->files.n, sizeof *list->files.at, by_name);
    put_head(page);
    for (size_t i = 0; i < list->files.n; i++) {
        if (!put_file(page, &list->files.at[i]))
            return false;
    }
    buf_str(list->job->out, STR("\n</body>\n</html>\n"));
    return !page->scratch.failed;
}

bool weblist_write(struct job *job)
{
    struct page page;
    buf_init(&page.scratch, job->mem);
    weblist_init(&page.list, job);
    bool fine =
        weblist_gather(&page.list) && source_reader_init(&page.list.reader, job->profile, job->options->source_path,
                                                         job->options->trim_path, &job->arena, job->mem);
    if (fine) {
        fine = put_page(&page);
        source_reader_finish(&page.list.reader);
    }
    weblist_finish(&page.list);
    buf_finish(&page.scratch);
    return fine;
}
