#include "cli/prompt.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/line_editor.h"
#include "cli/print.h"
#include "cli/prompt_help.h"
#include "cli/report_run.h"
#include "cli/tool_mem.h"

struct session {
    struct profile *profile;
    struct config config;
    struct arena arena; /* what options were set to */
    struct shown_files files;
    struct buf error;
    bool over;
};

static void print_error(struct session *session)
{
    fprintf(stderr, "%.*s\n", (int)session->error.n, session->error.p);
    session->error.n = 0;
}

/* --- Reports --- */

/* Makes the report of a line in this process, which is there for nothing else. */
static _Noreturn void report_and_exit(struct session *session, struct report_run *run)
{
    struct buf notes;
    buf_init(&notes, tool_mem());
    run->notes = &notes;
    bool fine = report_run(run);
    print_notes(&notes);
    fine = fine && report_run_show(run);
    if (!fine)
        print_error(session);
    _exit(fine ? exit_fine : exit_failure);
}

static pid_t start_report(struct session *session, struct report_run *run, int out, int unused)
{
    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    signal(SIGINT, SIG_DFL);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (out >= 0)
        close(out);
    if (unused >= 0)
        close(unused);
    report_and_exit(session, run);
}

/* Starts what stands behind a bar. */
static pid_t start_shell(const char *command, int in, int unused)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    dup2(in, STDIN_FILENO);
    close(in);
    close(unused);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(exit_failure);
}

static void wait_for(pid_t child)
{
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void run_report(struct session *session, const struct command_line *line)
{
    int ends[2] = {-1, -1};
    pid_t shell = 0;
    struct report_run run = {.profile = session->profile,
                             .command = line->command,
                             .param = line->param,
                             .config = &line->config,
                             .at_prompt = !line->pipe,
                             .error = &session->error};
    if (!line->pipe && !report_run_prepare(&run, &session->files)) {
        print_error(session);
        return;
    }
    if (line->pipe && pipe(ends) != 0) {
        fprintf(stderr, "no pipe: %s\n", strerror(errno));
        return;
    }
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    pid_t report = start_report(session, &run, ends[1], ends[0]);
    if (report < 0)
        fprintf(stderr, "no process for the report: %s\n", strerror(errno));
    if (line->pipe) {
        shell = start_shell(line->pipe, ends[0], ends[1]);
        close(ends[0]);
        close(ends[1]);
    }
    wait_for(report);
    wait_for(shell);
    signal(SIGINT, before);
}

/* --- Options --- */

static struct str trimmed(struct str s)
{
    while (s.n > 0 && isspace((unsigned char)s.p[0]))
        s = str_skip(s, 1);
    while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The value of an assignment: what stands before a comment. */
static struct str value_of(struct str text)
{
    for (size_t i = text.n; i >= 3; i--) {
        if (memcmp(text.p + i - 3, "//:", 3) == 0)
            return trimmed(str_first(text, i - 3));
    }
    return trimmed(text);
}

/* Sets an option; the value to report is kept by its name. */
static bool set_option(struct session *session, const char *name, const char *value)
{
    uint32_t index;
    if (strcmp(name, "sample_index") == 0) {
        if (!report_sample_index(session->profile, value, &index, &session->error))
            return false;
        value =
            arena_str(&session->arena, profile_text(session->profile, session->profile->sample_types[index].type)).p;
    }
    if (value[0] == '\0' && strcmp(config_find(name)->name, name) != 0)
        value = "true"; /* the name of a choice alone */
    return config_set(&session->config, &session->arena, name, value, &session->error);
}

/* Carries out "name=value", or the name of a bool or choice alone. False where the line is nothing like that. */
static bool assign(struct session *session, struct str line)
{
    size_t equals = str_find(line, STR("="), 0);
    const char *name = arena_str(&session->arena, trimmed(str_first(line, equals))).p;
    const char *value = arena_str(&session->arena, value_of(str_skip(line, equals + 1))).p;
    if (!config_find(name))
        return false;
    bool fine = false;
    if (equals == line.n && !config_is_bool(name))
        buf_printf(&session->error, "please specify a value, e.g. %s=<val>", name);
    else
        fine = set_option(session, name, value);
    if (!fine)
        print_error(session);
    return true;
}

static void put_sample_types(const struct profile *profile, struct buf *out)
{
    buf_byte(out, '[');
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        buf_str(out, i == 0 ? STR("") : STR(" | "));
        buf_str(out, profile_text(profile, profile->sample_types[i].type));
    }
    buf_byte(out, ']');
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_choices(const char *const *choices, struct buf *out)
{
    const char *sorted[8];
    size_t n = 0;
    while (choices[n] && n < sizeof sorted / sizeof *sorted) {
        sorted[n] = choices[n];
        n++;
    }
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%s", i == 0 ? "[" : " | ", sorted[i]);
    buf_byte(out, ']');
}

/* The value of an option and what is said about it, as go tool pprof lists them. */
static void put_option(struct session *session, const struct config_field *field, struct buf *value,
                       struct buf *comment)
{
    const struct profile *profile = session->profile;
    config_put_value(&session->config, field, value);
    bool empty = value->n == 0;
    if (field->choices || field->words) {
        put_choices(field->choices ? field->choices : field->words, comment);
        buf_str(value, empty ? STR("(default)") : STR(""));
    } else if (strcmp(field->name, "sample_index") == 0) {
        if (empty && profile->nsample_types > 0)
            buf_str(value, profile_text(profile, profile->sample_types[profile->nsample_types - 1].type));
        put_sample_types(profile, comment);
    } else if (strcmp(field->name, "nodecount") == 0 && session->config.nodecount == -1) {
        buf_str(comment, STR("default"));
    } else if (empty) {
        buf_str(value, STR("\"\""));
    }
}

static void print_options(struct session *session)
{
    struct buf value, comment;
    buf_init(&value, tool_mem());
    buf_init(&comment, tool_mem());
    for (size_t i = 0; i < config_nfields; i++) {
        if (strcmp(config_fields[i].name, "source_path") == 0)
            continue;
        value.n = comment.n = 0;
        put_option(session, &config_fields[i], &value, &comment);
        fprintf(stderr, "  %-25s = %-20.*s %s%.*s\n", config_fields[i].name, (int)value.n, value.p ? value.p : "",
                comment.n > 0 ? "//: " : "", (int)comment.n, comment.p ? comment.p : "");
    }
    buf_finish(&comment);
    buf_finish(&value);
}

/* --- Lines --- */

static void carry_out(struct session *session, struct str line)
{
    struct arena arena;
    struct command_line parsed;
    line = trimmed(line);
    if (line.n == 0 || assign(session, line))
        return;
    size_t end = str_find(line, STR(" "), 0);
    struct str word = str_first(line, end), rest = trimmed(str_skip(line, end));
    arena_init(&arena, tool_mem());
    if (str_equal(word, STR("o")) || str_equal(word, STR("options")))
        print_options(session);
    else if (str_equal(word, STR("exit")) || str_equal(word, STR("quit")) || str_equal(word, STR("q")))
        session->over = true;
    else if (str_equal(word, STR("help")))
        prompt_help(rest, session->profile);
    else if (command_line_parse(arena_str(&arena, line).p, &session->config, &arena, &parsed, &session->error))
        run_report(session, &parsed);
    else
        print_error(session);
    arena_finish(&arena);
}

static void carry_out_option(struct session *session, const char *name, struct str value)
{
    struct str line = arena_printf(&session->arena, "%s=%.*s", name, STR_ARG(value));
    carry_out(session, line);
}

/* Words that stand for several lines: ":" and the names of values. */
static bool carry_out_shortcut(struct session *session, struct str line)
{
    static const char *const cleared[] = {"focus", "ignore", "hide", "tagfocus", "tagignore"};
    const struct profile *profile = session->profile;
    if (str_equal(line, STR(":"))) {
        for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++)
            carry_out_option(session, cleared[i], STR(""));
        return true;
    }
    bool total = str_starts_with(line, STR("total_")), mean = str_starts_with(line, STR("mean_"));
    struct str type = str_skip(line, total ? 6 : mean ? 5 : 0);
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        struct str known = profile_text(profile, profile->sample_types[i].type);
        bool whole = str_equal(line, known);
        if (!whole && !((total || mean) && str_equal(type, known)))
            continue;
        if (!whole)
            carry_out_option(session, "mean", mean ? STR("1") : STR("0"));
        carry_out_option(session, "sample_index", known);
        return true;
    }
    return false;
}

static void greet(struct session *session)
{
    struct buf greeting;
    buf_init(&greeting, tool_mem());
    if (report_greeting(session->profile, &session->config, &greeting, &session->error))
        print_notes(&greeting);
    else
        print_error(session);
    buf_finish(&greeting);
    fputs("Entering interactive mode (type \"help\" for commands, \"o\" for options)\n", stderr);
}

/* Commands, options and choices at the beginning of a line; functions behind a command. */
static void complete(void *to, struct str line, void (*offer)(void *offer_to, struct str candidate), void *offer_to)
{
    const struct session *session = to;
    size_t space = str_find(line, STR(" "), 0);
    bool names = space == line.n || str_equal(str_first(line, space), STR("help"));
    static const char *const others[] = {"help", "options", "quit", "exit"};
    for (size_t i = 0; i < report_ncommands && names; i++)
        offer(offer_to, str_of(report_commands[i].name));
    for (size_t i = 0; i < config_nfields && names; i++)
        offer(offer_to, str_of(config_fields[i].name));
    for (size_t i = 0; i < config_nchoices && names; i++)
        offer(offer_to, str_of(config_choices[i].name));
    for (size_t i = 0; i < sizeof others / sizeof *others && names; i++)
        offer(offer_to, str_of(others[i]));
    for (uint32_t f = 0; f < session->profile->nfunctions && !names; f++)
        offer(offer_to, profile_text(session->profile, session->profile->functions[f].name));
}

/* Where lines are remembered: beside the profiles that are kept. NULL without a home. */
static const char *history_path(struct arena *arena)
{
    const char *home = getenv("HOME");
    struct stat status;
    if (!home || !home[0])
        return NULL;
    const char *folder = arena_printf(arena, "%s/pprof", home).p;
    bool exists = stat(folder, &status) == 0 || mkdir(folder, 0755) == 0;
    return exists ? arena_printf(arena, "%s/.sonde_history", folder).p : NULL;
}

int prompt_run(struct profile *profile, const struct config *config)
{
    struct session session = {.profile = profile, .config = *config};
    const char *line;
    arena_init(&session.arena, tool_mem());
    buf_init(&session.error, tool_mem());
    shown_files_init(&session.files, tool_mem());
    session.config.compact_labels = true;
    greet(&session);
    const char *history = isatty(STDIN_FILENO) ? history_path(&session.arena) : NULL;
    struct line_editor *editor = line_editor_create("(pprof) ", history, complete, &session, tool_mem());
    while (!session.over && (line = line_editor_read(editor))) {
        if (!carry_out_shortcut(&session, trimmed(str_of(line))))
            carry_out(&session, str_of(line));
    }
    line_editor_destroy(editor);
    shown_files_finish(&session.files);
    buf_finish(&session.error);
    arena_finish(&session.arena);
    return exit_fine;
}
