#include "cli/pprof_args.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Flags that choose the value to report: how values were chosen before sample_index, and still in many heads. */
struct value_flag {
    const char *flag, *sample_type;
};

static const struct value_flag value_flags[] = {
    {"total_delay", "delay"},           {"mean_delay", "delay"},
    {"contentions", "contentions"},     {"inuse_space", "inuse_space"},
    {"inuse_objects", "inuse_objects"}, {"alloc_space", "alloc_space"},
    {"alloc_objects", "alloc_objects"},
};

enum {
    nvalue_flags = sizeof value_flags / sizeof *value_flags,
    mean_delay_flag = 1,
    most_commands = 40,
    most_choices = 16,
    most_flags = 160,
};

/* Everything that flags are stored into before it is known whether they agree. */
struct parsed {
    const char *diff_base;
    bool values[nvalue_flags];
    bool commands[most_commands];
    const char *params[most_commands];
    bool choices[most_choices];
};

struct flag_list {
    struct flag at[most_flags];
    size_t n;
};

static void add_flag(struct flag_list *list, const char *name, enum flag_kind kind, void *value)
{
    list->at[list->n++] = (struct flag){name, kind, value};
}

static void add_source_flags(struct flag_list *list, struct pprof_args *args, struct parsed *parsed)
{
    add_flag(list, "base", flag_text, &args->base);
    add_flag(list, "diff_base", flag_text, &parsed->diff_base);
    add_flag(list, "symbolize", flag_text, &args->symbolize);
    add_flag(list, "kallsyms", flag_text, &args->kallsyms);
    add_flag(list, "buildid", flag_text, &args->build_id);
    add_flag(list, "timeout", flag_int, &args->timeout);
    add_flag(list, "seconds", flag_int, &args->seconds);
    add_flag(list, "add_comment", flag_text, &args->comment);
    add_flag(list, "tools", flag_text, &args->tools);
    add_flag(list, "tls_cert", flag_text, &args->tls_cert);
    add_flag(list, "tls_key", flag_text, &args->tls_key);
    add_flag(list, "tls_ca", flag_text, &args->tls_ca);
    for (size_t i = 0; i < nvalue_flags; i++)
        add_flag(list, value_flags[i].flag, flag_bool, &parsed->values[i]);
}

static void add_config_flags(struct flag_list *list, struct pprof_args *args, struct parsed *parsed)
{
    static const enum flag_kind kinds[] = {
        [config_bool] = flag_bool, [config_int] = flag_int, [config_float] = flag_float, [config_text] = flag_text};
    for (size_t i = 0; i < config_nfields; i++) {
        const struct config_field *field = &config_fields[i];
        if (!field->choices)
            add_flag(list, field->name, kinds[field->kind], (char *)&args->config + field->offset);
    }
    for (size_t i = 0; i < config_nchoices; i++)
        add_flag(list, config_choices[i].name, flag_bool, &parsed->choices[i]);
}

static void add_command_flags(struct flag_list *list, struct parsed *parsed)
{
    for (size_t i = 0; i < report_ncommands; i++) {
        const struct report_command *command = &report_commands[i];
        parsed->params[i] = "";
        if (command->has_param)
            add_flag(list, command->name, flag_text, &parsed->params[i]);
        else
            add_flag(list, command->name, flag_bool, &parsed->commands[i]);
    }
}

static bool apply_choices(struct pprof_args *args, const struct parsed *parsed, struct buf *error)
{
    for (size_t i = 0; i < config_nfields; i++) {
        const struct config_field *field = &config_fields[i];
        const char **value = (const char **)((char *)&args->config + field->offset), *chosen = NULL;
        for (size_t c = 0; field->choices && c < config_nchoices; c++) {
            if (!parsed->choices[c] || config_find(config_choices[c].name) != field)
                continue;
            if (chosen) {
                buf_printf(error, "flags -%s and -%s exclude each other", chosen, config_choices[c].name);
                return false;
            }
            *value = chosen = config_choices[c].name;
        }
    }
    return true;
}

static bool check_words(const struct pprof_args *args, struct buf *error)
{
    for (size_t i = 0; i < config_nfields; i++) {
        const struct config_field *field = &config_fields[i];
        const char *const *value = (const char *const *)((const char *)&args->config + field->offset);
        if (field->words && !config_check_text(field, *value, error))
            return false;
    }
    return true;
}

static bool apply_command(struct pprof_args *args, const struct parsed *parsed, struct buf *error)
{
    for (size_t i = 0; i < report_ncommands; i++) {
        if (!parsed->commands[i] && parsed->params[i][0] == '\0')
            continue;
        if (args->command) {
            buf_printf(error, "flags -%s and -%s exclude each other: one report at a time", args->command->name,
                       report_commands[i].name);
            return false;
        }
        args->command = &report_commands[i];
        args->param = parsed->params[i];
    }
    return !args->command || report_command_check(args->command, args->param, error);
}

static void apply_values(struct pprof_args *args, const struct parsed *parsed, struct buf *warnings)
{
    for (size_t i = 0; i < nvalue_flags; i++) {
        if (!parsed->values[i])
            continue;
        if (args->config.sample_index[0] == '\0')
            args->config.sample_index = value_flags[i].sample_type;
        else
            buf_printf(warnings, "Multiple value selections, ignoring -%s\n", value_flags[i].flag);
    }
    if (parsed->values[mean_delay_flag])
        args->config.mean = true;
}

static bool apply_base(struct pprof_args *args, const struct parsed *parsed, struct buf *error)
{
    if (args->base[0] && parsed->diff_base[0]) {
        buf_str(error, STR("flags -base and -diff_base exclude each other"));
        return false;
    }
    if (parsed->diff_base[0]) {
        args->base = parsed->diff_base;
        args->base_is_diff = true;
    }
    if (args->config.normalize && args->base[0] == '\0') {
        buf_str(error, STR("flag -normalize needs a profile to normalize to: add -base or -diff_base"));
        return false;
    }
    return true;
}

static bool is_object_file(const char *path)
{
    char magic[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool is = read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0;
    close(fd);
    return is;
}

static bool apply_sources(struct pprof_args *args, int n, char **sources, struct buf *error)
{
    if (n == 0) {
        buf_str(error, STR("no profile was named: give a file, a URL, or - for the standard input"));
        return false;
    }
    if (n > 1 && is_object_file(sources[0])) {
        args->binary = sources[0];
        sources++;
        n--;
    }
    args->sources = sources;
    args->nsources = n;
    return true;
}

static bool check_tls(const struct pprof_args *args, struct buf *error)
{
    bool cert = args->tls_cert[0] != '\0', key = args->tls_key[0] != '\0';
    if (cert != key)
        buf_printf(error, "flag -tls_%s needs -tls_%s beside it", cert ? "cert" : "key", cert ? "key" : "cert");
    return cert == key;
}

static void init(struct pprof_args *args)
{
    const char *tools = getenv("PPROF_TOOLS");
    *args = (struct pprof_args){.base = "",
                                .symbolize = "",
                                .kallsyms = "",
                                .build_id = "",
                                .comment = "",
                                .tools = tools ? tools : "",
                                .tls_cert = "",
                                .tls_key = "",
                                .tls_ca = "",
                                .seconds = -1,
                                .timeout = -1,
                                .param = ""};
    config_init(&args->config);
}

enum flags_result pprof_args_parse(struct pprof_args *args, int argc, char **argv, struct buf *error,
                                   struct buf *warnings)
{
    struct parsed parsed = {.diff_base = ""};
    struct flag_list list = {.n = 0};
    init(args);
    add_source_flags(&list, args, &parsed);
    add_config_flags(&list, args, &parsed);
    add_command_flags(&list, &parsed);
    struct flags flags = {.all = list.at, .n = list.n};
    enum flags_result result = flags_parse(&flags, argc, argv, error);
    if (result != flags_fine)
        return result;
    if (!apply_sources(args, argc - flags.next, argv + flags.next, error) || !apply_choices(args, &parsed, error) ||
        !check_words(args, error) || !apply_command(args, &parsed, error) || !apply_base(args, &parsed, error) ||
        !check_tls(args, error))
        return flags_wrong;
    apply_values(args, &parsed, warnings);
    return flags_fine;
}

static void put_line(struct buf *out, const char *indent, const char *name, const char *summary)
{
    buf_printf(out, "%s-%-20s %s\n", indent, name, summary);
}

static void put_options(struct buf *out)
{
    buf_str(out, STR("\nOptions:\n"));
    for (size_t i = 0; i < config_nfields; i++) {
        if (!config_fields[i].choices)
            put_line(out, "  ", config_fields[i].name, config_fields[i].summary);
    }
    for (size_t i = 0; i < config_nfields; i++) {
        if (!config_fields[i].choices)
            continue;
        buf_printf(out, "\nOne of these for %s:\n", config_fields[i].name);
        for (const char *const *c = config_fields[i].choices; *c; c++)
            put_line(out, "  ", *c, config_find_choice(*c)->summary);
    }
}

void pprof_args_help(struct buf *out)
{
    buf_str(out, STR("sonde pprof reads profiles and reports on them.\n\n"
                     "usage: sonde pprof -<report> [options] [binary] source...\n"
                     "       sonde pprof [options] [binary] source...          asks for commands\n\n"
                     "Several sources are added up. A flag takes one dash or two; flags come before the sources.\n\n"
                     "Reports (one at most):\n"));
    for (size_t i = 0; i < report_ncommands; i++)
        put_line(out, "  ", report_commands[i].name, report_commands[i].summary);
    put_options(out);
    buf_str(out,
            STR("\nSources:\n"
                "  file                  A profile: profile.proto, gzipped or not\n"
                "  folder, pattern       All files in a folder, or that match *, ? and []\n"
                "  -                     The same from the standard input\n"
                "  http://host/path      Fetched; without a path /debug/pprof/profile; host:port/path will do\n"
                "  unix:/socket:/path    Fetched through a socket of this machine\n"
                "  https+insecure://...  Fetched without checking who answers\n"
                "  binary                The program that was profiled, for names and lines\n"
                "\nFetching and comparing:\n"
                "  -base source          Subtract this profile\n"
                "  -diff_base source     Subtract this profile, with percentages of its total\n"
                "  -seconds n            Let the server collect for n seconds\n"
                "  -timeout n            Give up after n seconds (1.5 times -seconds, or 60)\n"
                "  -tls_cert file        Client certificate for https\n"
                "  -tls_key file         Its private key\n"
                "  -tls_ca file          Certificates of the authorities to trust\n"
                "  -add_comment text     Put a comment into the profile\n"
                "\nNames and lines:\n"
                "  -symbolize mode       none, local, fastlocal (names only) or remote; further after colons: force,\n"
                "                        nocache, demangle=none, demangle=templates, demangle=full, demangle=default\n"
                "  -kallsyms file        Symbols of the kernel that was profiled, as in /proc/kallsyms\n"
                "  -buildid id           Build id of the first mapping, where the profile has none\n"
                "  -tools path           Taken for compatibility: no outside tools are needed\n"
                "\nValues by their old names:\n"
                "  -inuse_space, -inuse_objects, -alloc_space, -alloc_objects, -contentions\n"
                "                        The same as -sample_index=inuse_space and so on\n"
                "  -total_delay          The same as -sample_index=delay\n"
                "  -mean_delay           The same as -mean -sample_index=delay\n"
                "\nEnvironment:\n"
                "  PPROF_TMPDIR          Where fetched profiles are kept (or else $HOME/pprof)\n"
                "  PPROF_BINARY_PATH     Where to look for binaries, a list separated by ':' (or else\n"
                "                        $HOME/pprof/binaries)\n"));
}
