#include "cli/line_editor.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

enum { history_size = 1000 };

#define EDIT_FUNCTIONS(X)                                                                                              \
    X(el_init)                                                                                                         \
    X(el_set)                                                                                                          \
    X(el_get)                                                                                                          \
    X(el_reset)                                                                                                        \
    X(el_gets)                                                                                                         \
    X(el_line)                                                                                                         \
    X(el_insertstr)                                                                                                    \
    X(el_deletestr)                                                                                                    \
    X(history_init)                                                                                                    \
    X(history)

struct edit_library {
#define MEMBER(name) __typeof__ (&(name))(name);
    EDIT_FUNCTIONS(MEMBER)
#undef MEMBER
};

static struct edit_library edit;

struct line_editor {
    struct mem *mem;
    const char *prompt, *history_path;
    line_completer *completer;
    void *completer_to;
    EditLine *terminal; /* NULL where there is none, or no libedit */
    History *past;
    char *line; /* of getline, or a copy of the terminal's */
    size_t room;
};

static bool load_library(void)
{
    void *library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
#define RESOLVE(name)                                                                                                  \
    {                                                                                                                  \
        void *found = library ? dlsym(library, #name) : NULL;                                                          \
        if (!found)                                                                                                    \
            return false;                                                                                              \
        memcpy(&edit.name, &found, sizeof found);                                                                      \
    }
    EDIT_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return true;
}

/* Whether a person is there who can use an editor. As in go tool pprof a dumb terminal is read like a file. */
static bool is_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && term && term[0] && strcasecmp(term, "dumb") != 0;
}

/* --- Completion --- */

/* What the candidates for a word have in common. Where none begins with the word, those that hold it are candidates:
 * functions are known by the last part of their names. */
struct completion {
    struct str word;
    bool within; /* the word may be anywhere */
    struct buf common;
    struct buf list; /* all of them, one a line */
    size_t n;
};

static void take_candidate(void *to, struct str candidate)
{
    struct completion *completion = to;
    if (completion->within ? str_find(candidate, completion->word, 0) == candidate.n
                           : !str_starts_with(candidate, completion->word))
        return;
    size_t same = 0;
    while (same < completion->common.n && same < candidate.n && completion->common.p[same] == candidate.p[same])
        same++;
    if (completion->n++ == 0)
        buf_str(&completion->common, candidate);
    else
        completion->common.n = same;
    buf_str(&completion->list, candidate);
    buf_byte(&completion->list, '\n');
}

static void show_candidates(const struct completion *completion)
{
    enum { most_shown = 40 };
    struct str rest = buf_text(&completion->list);
    fputc('\n', stderr);
    for (size_t i = 0; rest.n > 0 && i < most_shown; i++) {
        size_t n = str_find(rest, STR("\n"), 0);
        fprintf(stderr, "%.*s\n", (int)n, rest.p);
        rest = str_skip(rest, n + 1);
    }
    if (completion->n > most_shown)
        fprintf(stderr, "... and %zu more\n", completion->n - most_shown);
}

static unsigned char finish_word(struct line_editor *editor, struct completion *completion)
{
    bool longer = completion->within ? completion->n == 1 : completion->common.n > completion->word.n;
    if (completion->n == 1)
        buf_byte(&completion->common, ' ');
    buf_byte(&completion->common, '\0');
    if (completion->n == 0 || completion->common.failed)
        return CC_ERROR;
    if (!longer && completion->n > 1) {
        show_candidates(completion);
        return CC_REDISPLAY;
    }
    if (completion->within)
        edit.el_deletestr(editor->terminal, (int)completion->word.n);
    const char *rest = completion->common.p + (completion->within ? 0 : completion->word.n);
    return edit.el_insertstr(editor->terminal, rest) == 0 ? CC_REFRESH : CC_ERROR;
}

/* Bound to the tab key. */
static unsigned char complete(EditLine *terminal, int key)
{
    struct line_editor *editor = NULL;
    struct completion completion = {.n = 0};
    (void)key;
    if (edit.el_get(terminal, EL_CLIENTDATA, &editor) != 0 || !editor || !editor->completer)
        return CC_ERROR;
    const LineInfo *info = edit.el_line(terminal);
    struct str line = {info->buffer, (size_t)(info->cursor - info->buffer)};
    size_t space = str_find_last_byte(line, ' ');
    completion.word = space == line.n ? line : str_skip(line, space + 1);
    buf_init(&completion.common, editor->mem);
    buf_init(&completion.list, editor->mem);
    editor->completer(editor->completer_to, line, take_candidate, &completion);
    if (completion.n == 0 && completion.word.n > 0) {
        completion.within = true;
        editor->completer(editor->completer_to, line, take_candidate, &completion);
    }
    unsigned char answer = finish_word(editor, &completion);
    buf_finish(&completion.list);
    buf_finish(&completion.common);
    return answer;
}

/* --- The editor --- */

static char *prompt_of(EditLine *terminal)
{
    static char prompt[40];
    struct line_editor *editor = NULL;
    if (edit.el_get(terminal, EL_CLIENTDATA, &editor) == 0 && editor)
        snprintf(prompt, sizeof prompt, "%s", editor->prompt);
    return prompt;
}

/* Ctrl-C gives a line up. The signal is held back but while a character is waited for, so that it is seen there
 * whenever it comes. */
static void interrupted(int signal)
{
    (void)signal;
}

/* Waits for a byte. 1 where there is one, 0 at the end, -1 with errno EINTR where Ctrl-C came first. */
static int read_byte(char *byte)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t open_to_all;
    ssize_t n;
    sigemptyset(&open_to_all);
    if (ppoll(&input, 1, NULL, &open_to_all) < 0)
        return -1;
    do
        n = read(STDIN_FILENO, byte, 1);
    while (n < 0 && errno == EINTR);
    return (int)n;
}

static int read_character(EditLine *terminal, wchar_t *character)
{
    mbstate_t state = {0};
    char byte;
    int n;
    (void)terminal;
    while ((n = read_byte(&byte)) == 1) {
        size_t length = mbrtowc(character, &byte, 1, &state);
        if (length == (size_t)-1)
            state = (mbstate_t){0}; /* no character of this locale */
        else if (length != (size_t)-2)
            return 1;
    }
    return n;
}

static void open_history(struct line_editor *editor)
{
    HistEvent event;
    editor->past = edit.history_init();
    if (!editor->past)
        return;
    edit.history(editor->past, &event, H_SETSIZE, history_size);
    edit.history(editor->past, &event, H_SETUNIQUE, 1);
    if (editor->history_path)
        edit.history(editor->past, &event, H_LOAD, editor->history_path);
    edit.el_set(editor->terminal, EL_HIST, edit.history, editor->past);
}

static void open_terminal(struct line_editor *editor)
{
    setlocale(LC_CTYPE, "");
    editor->terminal = edit.el_init("sonde", stdin, stderr, stderr);
    if (!editor->terminal)
        return;
    edit.el_set(editor->terminal, EL_CLIENTDATA, editor);
    edit.el_set(editor->terminal, EL_PROMPT, prompt_of);
    edit.el_set(editor->terminal, EL_EDITOR, "emacs");
    edit.el_set(editor->terminal, EL_GETCFN, read_character);
    edit.el_set(editor->terminal, EL_ADDFN, "sonde-complete", "Completes a word", complete);
    edit.el_set(editor->terminal, EL_BIND, "^I", "sonde-complete", NULL);
    edit.el_set(editor->terminal, EL_BIND, "^R", "em-inc-search-prev", NULL);
    open_history(editor);
}

struct line_editor *line_editor_create(const char *prompt, const char *history_path, line_completer *completer,
                                       void *completer_to, struct mem *mem)
{
    struct line_editor *editor = mem_get(mem, sizeof *editor);
    if (!editor)
        return NULL;
    *editor = (struct line_editor){.mem = mem,
                                   .prompt = prompt,
                                   .history_path = history_path,
                                   .completer = completer,
                                   .completer_to = completer_to};
    if (is_terminal() && load_library())
        open_terminal(editor);
    return editor;
}

void line_editor_destroy(struct line_editor *editor)
{
    HistEvent event;
    if (!editor)
        return;
    if (editor->past && editor->history_path)
        edit.history(editor->past, &event, H_SAVE, editor->history_path);
    free(editor->line);
    editor->line = NULL;
    /* The terminal is as it was after every line. el_end would lose memory that it does not free: a session has one
     * editor, and that stays. */
    static struct line_editor *kept;
    if (editor->terminal)
        kept = editor;
    if (kept != editor)
        mem_put(editor->mem, editor, sizeof *editor);
}

static const char *cut_newline(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static const char *read_terminal(struct line_editor *editor)
{
    struct sigaction ours = {.sa_handler = interrupted}, before;
    sigset_t interrupt, mask;
    const char *line;
    int n;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &mask);
    sigaction(SIGINT, &ours, &before);
    while (!(line = edit.el_gets(editor->terminal, &n)) && n == -1 && errno == EINTR) {
        fputs("^C\n", stderr);
        edit.el_reset(editor->terminal);
    }
    sigaction(SIGINT, &before, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (!line) {
        fputc('\n', stderr);
        return NULL;
    }
    free(editor->line);
    editor->line = strdup(line);
    if (!editor->line)
        return NULL;
    HistEvent event;
    if (editor->past && line[0] != '\n')
        edit.history(editor->past, &event, H_ENTER, line);
    return cut_newline(editor->line);
}

const char *line_editor_read(struct line_editor *editor)
{
    if (editor->terminal)
        return read_terminal(editor);
    fputs(editor->prompt, stdout);
    fflush(stdout);
    return getline(&editor->line, &editor->room, stdin) < 0 ? NULL : cut_newline(editor->line);
}
