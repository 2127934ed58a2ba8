#include "profile/assembly.h"
#include "profile/foreign.h"
#include "profile/legacy.h"

/* A line's parts. */
struct folded_line {
    struct str stack;
    int64_t count;
};

/* The number at the end of a line; a fraction, which some tools write, is cut off. */
static bool parse_count(struct str text, int64_t *count)
{
    size_t dot = str_find(text, STR("."), 0);
    struct str fraction = str_skip(text, dot + 1);
    for (size_t i = 0; i < fraction.n; i++) {
        if (fraction.p[i] < '0' || fraction.p[i] > '9')
            return false;
    }
    return dot > 0 && text.p[0] >= '0' && text.p[0] <= '9' && legacy_parse_int(str_first(text, dot), 10, count);
}

/* Splits a trimmed line. Of a sample without frames only the count is left. */
static bool split_line(struct str line, struct folded_line *out)
{
    size_t space = str_find_last_byte(line, ' ');
    if (space == line.n) {
        out->stack = (struct str){0};
        return parse_count(line, &out->count);
    }
    out->stack = legacy_trim(str_first(line, space));
    return parse_count(str_skip(line, space + 1), &out->count);
}

/* Whether the first lines are all stacks with a count, and one of them has a frame below its root. */
static bool is_folded(struct str text)
{
    enum { looked_at = 64 };
    struct legacy_lines lines = {.text = text};
    struct folded_line parts;
    bool deep = false;
    for (int i = 0; i < looked_at && legacy_next_line(&lines); i++) {
        struct str line = legacy_trim(lines.line);
        if (line.n == 0)
            continue;
        if (!split_line(line, &parts))
            return false;
        deep |= str_find(parts.stack, STR(";"), 0) < parts.stack.n;
    }
    return deep;
}

/* Takes "(file:line)" off the end of a name. */
static struct frame parse_frame(struct str name)
{
    struct frame frame = {.function = name};
    size_t open = str_find_last_byte(name, '('), colon = str_find_last_byte(name, ':');
    if (open == name.n || open < 2 || name.p[open - 1] != ' ' || name.p[name.n - 1] != ')' || colon < open + 2 ||
        colon == name.n)
        return frame;
    struct str number = {name.p + colon + 1, name.n - colon - 2};
    if (!legacy_parse_int(number, 10, &frame.line) || frame.line < 0) {
        frame.line = 0;
        return frame;
    }
    frame.function = str_first(name, open - 1);
    frame.file = (struct str){name.p + open + 1, colon - open - 1};
    return frame;
}

/* Adds a stack, whose text names the root first. False on exhaustion. */
static bool add_stack(struct assembly *a, struct str stack, int64_t count)
{
    uint64_t depth = 0, room = stack.n > 0;
    for (size_t i = 0; i < stack.n; i++)
        room += stack.p[i] == ';';
    uint32_t *frames = assembly_frames(a, room);
    if (!frames)
        return false;
    for (size_t end = stack.n; depth < room; depth++) {
        struct str before = str_first(stack, end);
        size_t semicolon = str_find_last_byte(before, ';'), begin = semicolon == before.n ? 0 : semicolon + 1;
        struct frame frame = parse_frame(str_skip(before, begin));
        if (frame.function.n == 0)
            frame.function = STR("(unnamed)");
        frames[depth] = assembly_location(a, &frame);
        if (frames[depth] == PROFILE_NONE)
            return false;
        end = begin > 0 ? begin - 1 : 0;
    }
    return assembly_add_sample(a, depth, &count);
}

static enum foreign_result fail(struct fault *fault, uint64_t offset, const char *expected)
{
    *fault = (struct fault){expected, offset};
    return foreign_broken;
}

static enum foreign_result read_lines(struct assembly *a, struct str text, struct fault *fault)
{
    struct legacy_lines lines = {.text = text};
    struct folded_line parts;
    if (!assembly_init(a, a->mem) || !assembly_add_type(a, STR("samples"), STR("count")) ||
        !assembly_set_period(a, STR("samples"), STR("count"), 1))
        return fail(fault, 0, "enough memory to read the profile");
    while (legacy_next_line(&lines)) {
        struct str line = legacy_trim(lines.line);
        if (line.n == 0)
            continue;
        if (!split_line(line, &parts))
            return fail(fault, (uint64_t)(line.p - text.p), "a line of folded stacks \"root;...;leaf count\"");
        if (!add_stack(a, parts.stack, parts.count))
            return fail(fault, 0, "enough memory to read the profile");
    }
    return foreign_done;
}

enum foreign_result foreign_read_folded(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct assembly a = {.mem = mem};
    if (!is_folded(text))
        return foreign_other;
    enum foreign_result result = read_lines(&a, text, fault);
    if (result == foreign_done && !assembly_hand_over(&a, out))
        result = fail(fault, 0, "enough memory to read the profile");
    assembly_finish(&a);
    return result;
}
