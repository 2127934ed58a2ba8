#include "cli/colouring.h"

#include <stdlib.h>
#include <unistd.h>

const char *const colour_choices[] = {"auto", "always", "never", NULL};

/* How text is marked, by the codes of ISO 6429. */
#define BOLD "1"
#define DIM "2"
#define RED "31"
#define STRONG_RED "1;31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"

bool colours_wanted(const char *choice, int fd)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (strcmp(choice, "always") == 0 || strcmp(choice, "never") == 0)
        return choice[0] == 'a';
    return !(none && none[0]) && terminal && terminal[0] && strcmp(terminal, "dumb") != 0 && isatty(fd);
}

static void put(struct buf *out, const char *code, struct str text)
{
    if (text.n == 0 || !code) {
        buf_str(out, text);
        return;
    }
    buf_printf(out, "\033[%sm", code);
    buf_str(out, text);
    buf_str(out, STR("\033[0m"));
}

/* --- Cells --- */

/* What a line is taken apart into: words with the spaces before them. */
struct cell {
    struct str before, text;
};

static struct cell take_cell(struct str *line)
{
    size_t spaces = 0, end;
    while (spaces < line->n && line->p[spaces] == ' ')
        spaces++;
    for (end = spaces; end < line->n && line->p[end] != ' ';)
        end++;
    struct cell cell = {str_first(*line, spaces), str_skip(str_first(*line, end), spaces)};
    *line = str_skip(*line, end);
    return cell;
}

static void put_cell(struct buf *out, const char *code, const struct cell *cell)
{
    buf_str(out, cell->before);
    put(out, code, cell->text);
}

static bool is_share(struct str text)
{
    return text.n > 1 && text.p[text.n - 1] == '%' && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'));
}

static bool is_nothing(struct str text)
{
    return str_equal(text, STR("0")) || str_equal(text, STR("."));
}

/* The number that a text begins with, without its sign. */
static double number_in(struct str text)
{
    double value = 0, place = 1;
    bool fraction = false;
    for (size_t i = text.n > 0 && text.p[0] == '-'; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !fraction) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            place = fraction ? place / 10 : place;
            value = fraction ? value + (c - '0') * place : value * 10 + (c - '0');
        } else {
            break;
        }
    }
    return value;
}

/* The colour of an amount with its share of the whole. */
static const char *heat(struct str amount, struct str share)
{
    double percent = number_in(share);
    if (is_nothing(amount))
        return DIM;
    if (amount.p[0] == '-')
        return GREEN;
    return percent >= 20 ? STRONG_RED : percent >= 5 ? RED : percent >= 1 ? YELLOW : NULL;
}

/* --- Lines of each format --- */

/* A name: what was inlined is dim behind it. */
static void put_name(struct buf *out, const char *code, struct str name)
{
    struct str inlined = STR(" (inline)");
    bool is = str_ends_with(name, inlined);
    put(out, code, str_first(name, name.n - (is ? inlined.n : 0)));
    put(out, DIM, is ? inlined : STR(""));
}

/* "flat flat% sum% cum cum%  name", in -tree and -peek with a bar before the name. */
static bool put_entry(struct buf *out, struct str line, bool bold)
{
    struct cell cells[5];
    for (size_t i = 0; i < 5; i++)
        cells[i] = take_cell(&line);
    if (!is_share(cells[1].text) || !is_share(cells[2].text) || !is_share(cells[4].text))
        return false;
    put_cell(out, heat(cells[0].text, cells[1].text), &cells[0]);
    put_cell(out, heat(cells[0].text, cells[1].text), &cells[1]);
    put_cell(out, DIM, &cells[2]);
    put_cell(out, heat(cells[3].text, cells[4].text), &cells[3]);
    put_cell(out, heat(cells[3].text, cells[4].text), &cells[4]);
    size_t name = bold ? str_find(line, STR("| "), 0) + 2 : 0;
    buf_str(out, str_first(line, name));
    put_name(out, bold ? BOLD : NULL, str_skip(line, name));
    return true;
}

/* "calls calls% |   name": a caller or callee. */
static bool put_neighbour(struct buf *out, struct str line)
{
    struct cell amount = take_cell(&line), share = take_cell(&line);
    if (!is_share(share.text) || !str_starts_with(line, STR(" |   ")))
        return false;
    put_cell(out, heat(amount.text, share.text), &amount);
    put_cell(out, heat(amount.text, share.text), &share);
    put_name(out, NULL, line);
    return true;
}

static bool is_rule(struct str line)
{
    size_t n = 0;
    while (n < line.n && (line.p[n] == '-' || line.p[n] == '+'))
        n++;
    return n > 5 && n == line.n;
}

static bool put_table_line(struct buf *out, struct str line, bool tree)
{
    struct str rest = line;
    struct cell first = take_cell(&rest), second = take_cell(&rest);
    if (is_rule(line))
        put(out, DIM, line);
    else if (str_equal(first.text, STR("flat")) && str_equal(second.text, STR("flat%")))
        put(out, BOLD, line);
    else
        return put_entry(out, line, tree) || (tree && put_neighbour(out, line));
    return true;
}

/* A line of source or an instruction behind its two amounts. */
static bool put_listed(struct buf *out, struct str line)
{
    if (str_starts_with(line, STR("ROUTINE "))) {
        put(out, BOLD, line);
        return true;
    }
    struct cell flat = take_cell(&line), cum = take_cell(&line), place = take_cell(&line);
    size_t colon = str_find(place.text, STR(":"), 0);
    bool summed = str_starts_with(place.text, STR("(flat,"));
    if (flat.before.n == 0 || (!summed && colon == place.text.n))
        return false;
    put_cell(out, is_nothing(flat.text) ? DIM : flat.text.p[0] == '-' ? GREEN : RED, &flat);
    put_cell(out, is_nothing(cum.text) ? DIM : cum.text.p[0] == '-' ? GREEN : YELLOW, &cum);
    buf_str(out, place.before);
    put(out, DIM, str_first(place.text, summed ? 0 : colon + 1));
    buf_str(out, str_skip(place.text, summed ? 0 : colon + 1));
    buf_str(out, line);
    return true;
}

/* "      10ms   leaf", frames below it, and labels "key:  value" above. */
static bool put_trace_line(struct buf *out, struct str line)
{
    if (is_rule(line)) {
        put(out, DIM, line);
        return true;
    }
    struct str whole = line;
    struct cell first = take_cell(&line);
    if (first.before.n == 0)
        return false;
    if (first.before.n > 10) {
        put_name(out, NULL, whole);
        return true;
    }
    put_cell(out, str_ends_with(first.text, STR(":")) ? CYAN : BOLD, &first);
    put_name(out, NULL, line);
    return true;
}

/* " key: Total 10ms", and values below it: "10ms (50.00%): value". */
static bool put_tag_line(struct buf *out, struct str line)
{
    size_t colon = str_find(line, STR(":"), 0), bracket = str_find(line, STR("("), 0);
    struct str total = STR(": Total ");
    if (str_starts_with(str_skip(line, colon), total)) {
        put(out, BOLD, str_first(line, colon));
        buf_str(out, str_skip(line, colon));
        return true;
    }
    struct cell amount = take_cell(&line);
    if (bracket >= colon || amount.before.n == 0)
        return false;
    struct str share = str_skip(str_first(line, str_find(line, STR(")"), 0)), str_find(line, STR("("), 0) + 1);
    while (share.n > 0 && share.p[0] == ' ')
        share = str_skip(share, 1);
    put_cell(out, heat(amount.text, share), &amount);
    buf_str(out, line);
    return true;
}

static bool put_marked(struct buf *out, enum report_format format, struct str line)
{
    switch (format) {
    case report_text:
        return put_table_line(out, line, false);
    case report_tree:
    case report_peek:
        return put_table_line(out, line, true);
    case report_list:
    case report_disasm:
        return put_listed(out, line);
    case report_traces:
        return put_trace_line(out, line);
    case report_tags:
        return put_tag_line(out, line);
    default:
        return false; /* for programs to read */
    }
}

/* --- The whole --- */

void colouring_init(struct colouring *colouring, enum report_format format, struct mem *mem)
{
    colouring->format = format;
    buf_init(&colouring->line, mem);
}

void colouring_finish(struct colouring *colouring)
{
    buf_finish(&colouring->line);
}

static void put_line(struct colouring *colouring, struct str line, struct buf *out)
{
    if (!put_marked(out, colouring->format, line))
        buf_str(out, line);
}

void colouring_put(struct colouring *colouring, struct str part, struct buf *out)
{
    while (part.n > 0) {
        size_t end = str_find(part, STR("\n"), 0);
        struct str line = str_first(part, end);
        bool whole = end < part.n;
        if (!whole || colouring->line.n > 0) {
            buf_str(&colouring->line, line);
            line = buf_text(&colouring->line);
        }
        if (!whole)
            return;
        put_line(colouring, line, out);
        buf_byte(out, '\n');
        colouring->line.n = 0;
        part = str_skip(part, end + 1);
    }
}

void colouring_end(struct colouring *colouring, struct buf *out)
{
    put_line(colouring, buf_text(&colouring->line), out);
    colouring->line.n = 0;
}
