#include "cli/flags.h"

#include <string.h>

#include "cli/config.h"
#include "cli/nearest.h"

static const struct flag *find(const struct flags *flags, const char *name, size_t length)
{
    for (size_t i = 0; i < flags->n; i++) {
        if (strlen(flags->all[i].name) == length && memcmp(flags->all[i].name, name, length) == 0)
            return &flags->all[i];
    }
    return NULL;
}

static bool is_help(const char *name, size_t length)
{
    return (length == 1 && *name == 'h') || (length == 4 && memcmp(name, "help", 4) == 0);
}

static void unknown(const struct flags *flags, const char *name, size_t length, struct buf *error)
{
    char word[64];
    if (length >= sizeof word)
        length = sizeof word - 1;
    memcpy(word, name, length);
    word[length] = '\0';
    struct nearest search = nearest_to(word);
    for (size_t i = 0; i < flags->n; i++)
        nearest_offer(&search, flags->all[i].name);
    buf_printf(error, "there is no flag -%s", word);
    if (search.best)
        buf_printf(error, "; did you mean -%s?", search.best);
}

static bool set(const struct flag *flag, const char *text, struct buf *error)
{
    static const char *const expected[] = {"true or false", "an integer", "a number", "text"};
    bool fine = false;
    switch (flag->kind) {
    case flag_bool:
        fine = config_parse_bool(text, flag->value);
        break;
    case flag_int:
        fine = config_parse_int(text, true, flag->value);
        break;
    case flag_float:
        fine = config_parse_float(text, flag->value);
        break;
    case flag_text:
        *(const char **)flag->value = text;
        fine = true;
        break;
    }
    if (!fine)
        buf_printf(error, "\"%s\" is no value for flag -%s: expected %s", text, flag->name, expected[flag->kind]);
    return fine;
}

/* Reads the flag at argv[*at] and moves *at behind it and its value. */
static enum flags_result parse_one(const struct flags *flags, int argc, char **argv, int *at, struct buf *error)
{
    const char *name = argv[*at] + (argv[*at][1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    if (length == 0 || *name == '-') {
        buf_printf(error, "\"%s\" is no flag: expected -name or -name=value", argv[*at]);
        return flags_wrong;
    }
    const struct flag *flag = find(flags, name, length);
    if (!flag && is_help(name, length))
        return flags_help;
    if (!flag) {
        unknown(flags, name, length, error);
        return flags_wrong;
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    ++*at;
    if (!value && flag->kind == flag_bool)
        value = "true";
    if (!value && *at < argc)
        value = argv[(*at)++];
    if (!value) {
        buf_printf(error, "flag -%s needs a value", flag->name);
        return flags_wrong;
    }
    return set(flag, value, error) ? flags_fine : flags_wrong;
}

enum flags_result flags_parse(struct flags *flags, int argc, char **argv, struct buf *error)
{
    int at = 1;
    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        enum flags_result result = parse_one(flags, argc, argv, &at, error);
        if (result != flags_fine)
            return result;
    }
    flags->next = at;
    return flags_fine;
}
