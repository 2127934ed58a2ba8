#include "cli/command_line.h"

#include <ctype.h>
#include <string.h>

#include "base/vec.h"
#include "cli/nearest.h"

/* The words of a line, and how far it has been read. */
struct words {
    VEC(const char *) all;
    size_t next;
};

/* Splits at white space, up to a bar that stands by itself; what follows that goes to *pipe. */
static bool split(const char *line, struct arena *arena, struct words *words, const char **pipe)
{
    for (;;) {
        line += strspn(line, " \t\n\v\f\r");
        size_t n = strcspn(line, " \t\n\v\f\r");
        if (n == 0)
            return true;
        if (n == 1 && *line == '|') {
            *pipe = arena_str(arena, str_of(line + 1)).p;
            return *pipe;
        }
        const char *word = arena_str(arena, (struct str){line, n}).p;
        if (!word || !vec_push(&words->all, arena->mem, word))
            return false;
        line += n;
    }
}

static const char *next_word(struct words *words)
{
    return words->next < words->all.n ? words->all.at[words->next++] : NULL;
}

/* Takes the digits off a command's end: top10 is top 10. NULL where there are none, or nothing else. */
static const char *split_digits(struct arena *arena, const char *word, const char **digits)
{
    size_t n = strlen(word);
    while (n > 0 && isdigit((unsigned char)word[n - 1]))
        n--;
    if (n == 0 || word[n] == '\0')
        return NULL;
    *digits = word + n;
    return arena_str(arena, (struct str){word, n}).p;
}

static bool unknown_command(const char *name, const char *value, struct buf *error)
{
    if (config_find(name)) {
        buf_printf(error, "did you mean: %s=%s", name, value ? value : "<val>");
        return false;
    }
    struct nearest search = nearest_to(name);
    for (size_t i = 0; i < report_ncommands; i++)
        nearest_offer(&search, report_commands[i].name);
    buf_printf(error, "unrecognized command: \"%s\"", name);
    if (search.best)
        buf_printf(error, "; did you mean \"%s\"?", search.best);
    return false;
}

/* Finds the command of a word such as flame=html, and leaves what stands behind the sign in *param; NULL for none. */
static const struct report_command *find_with_choice(struct arena *arena, const char *word, const char **param)
{
    size_t n = strcspn(word, "=");
    const char *name = word[n] ? arena_str(arena, (struct str){word, n}).p : NULL;
    const struct report_command *command = name ? report_command_find(name) : NULL;
    if (!command || !command->choices)
        return NULL;
    *param = word + n + 1;
    return command;
}

/* Finds the command and leaves in *digits the number that was written to its end, or NULL. */
static bool find_command(struct words *words, struct arena *arena, struct command_line *parsed, const char **digits,
                         struct buf *error)
{
    const char *word = next_word(words), *name = word;
    *digits = NULL;
    parsed->command = find_with_choice(arena, word, &parsed->param);
    if (parsed->command)
        return report_command_check(parsed->command, parsed->param, error);
    parsed->command = report_command_find(name);
    if (!parsed->command) {
        const char *plain = split_digits(arena, word, digits);
        name = plain ? plain : word;
        parsed->command = report_command_find(name);
    }
    if (!parsed->command)
        return unknown_command(name, *digits ? *digits : next_word(words), error);
    if (!parsed->command->has_param)
        return true;
    parsed->param = *digits ? *digits : next_word(words);
    *digits = NULL;
    if (!parsed->param)
        buf_printf(error, "command %s requires an argument", parsed->command->name);
    return parsed->param && report_command_check(parsed->command, parsed->param, error);
}

static const char *join(struct arena *arena, const char *a, const char *b)
{
    return arena_printf(arena, "%s%s%s", a, *a && *b ? "|" : "", b).p;
}

/* What the words after the command ask for. */
struct filters {
    const char *focus, *ignore;
};

static bool read_word(struct words *words, const char *word, struct arena *arena, struct command_line *parsed,
                      struct filters *filters, struct buf *error)
{
    int64_t number;
    if (config_parse_int(word, false, &number) && number >= INT32_MIN && number <= INT32_MAX) {
        parsed->config.nodecount = number;
    } else if (*word == '>') {
        parsed->config.output = word[1] ? word + 1 : next_word(words);
        if (!parsed->config.output)
            buf_str(error, STR("unexpected end of line after >"));
        return parsed->config.output;
    } else if (strcmp(word, "-cum") == 0 || strcmp(word, "--cum") == 0) {
        parsed->config.sort = "cum";
    } else if (*word == '-') {
        filters->ignore = join(arena, filters->ignore, word + 1);
    } else {
        filters->focus = join(arena, filters->focus, word);
    }
    return true;
}

static void apply_filters(struct command_line *parsed, const struct filters *filters)
{
    bool tags = parsed->command->format == report_tags && parsed->command->writer == write_report;
    const char **focus = tags ? &parsed->config.tagfocus : &parsed->config.focus;
    const char **ignore = tags ? &parsed->config.tagignore : &parsed->config.ignore;
    if (filters->focus[0])
        *focus = filters->focus;
    if (filters->ignore[0])
        *ignore = filters->ignore;
}

static bool parse_words(struct words *words, struct arena *arena, struct command_line *parsed, struct buf *error)
{
    struct filters filters = {"", ""};
    const char *word;
    if (!find_command(words, arena, parsed, &word, error))
        return false;
    if (!word)
        word = next_word(words);
    for (; word; word = next_word(words)) {
        if (!read_word(words, word, arena, parsed, &filters, error))
            return false;
    }
    apply_filters(parsed, &filters);
    bool is_top = strcmp(parsed->command->name, "top") == 0 || strcmp(parsed->command->name, "text") == 0;
    if (is_top && parsed->config.nodecount == -1)
        parsed->config.nodecount = 10;
    return true;
}

bool command_line_parse(const char *line, const struct config *config, struct arena *arena, struct command_line *parsed,
                        struct buf *error)
{
    struct words words = {.next = 0};
    *parsed = (struct command_line){.param = "", .config = *config};
    bool fine = split(line, arena, &words, &parsed->pipe);
    if (fine && words.all.n == 0) {
        buf_str(error, STR("expected a command before |"));
        fine = false;
    }
    fine = fine && parse_words(&words, arena, parsed, error);
    vec_finish(&words.all, arena->mem);
    return fine;
}
