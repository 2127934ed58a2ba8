#include "cli/config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/colouring.h"

static const char *const granularities[] = {"functions", "filefunctions", "files", "lines", "addresses", NULL};
static const char *const sort_orders[] = {"cum", "flat", NULL};

#define FIELD(member, kind, summary, details)                                                                          \
    {                                                                                                                  \
#member, kind, offsetof(struct config, member), NULL, NULL, summary, details                                   \
    }
#define WORD(member, words, summary, details)                                                                          \
    {                                                                                                                  \
#member, config_text, offsetof(struct config, member), NULL, words, summary, details                           \
    }
#define CHOICE(member, choices)                                                                                        \
    {                                                                                                                  \
#member, config_text, offsetof(struct config, member), choices, NULL, "", NULL                                 \
    }

/* In the order of their names, which is the order in which they are listed. */
const struct config_field config_fields[] = {
    FIELD(call_tree, config_bool, "Keep callers apart: one node for each calling context",
          "Functions reached along different paths are shown as separate nodes."),
    WORD(color, colour_choices, "Use colours in reports on a terminal: auto, always or never",
         "auto uses them where the output is a terminal, unless NO_COLOR is set."),
    FIELD(compact_labels, config_bool, "Leave the headers of reports out", NULL),
    FIELD(divide_by, config_float, "Divide every value by this number",
          "Useful to show values per processor, per request or per job."),
    FIELD(drop_negative, config_bool, "Leave negative differences out",
          "In a comparison, entries that became smaller are not shown."),
    FIELD(edgefraction, config_float, "Hide edges below this fraction of the total", NULL),
    FIELD(focus, config_text, "Keep only samples with a frame that matches this regexp",
          "It is matched against function, file and object names."),
    CHOICE(granularity, granularities),
    FIELD(hide, config_text, "Remove the frames that match this regexp",
          "Their callers and callees are kept. It is matched against function, file and object names."),
    FIELD(ignore, config_text, "Drop the samples with a frame that matches this regexp",
          "It is matched against function, file and object names."),
    FIELD(intel_syntax, config_bool, "Write instructions in Intel syntax", NULL),
    FIELD(mean, config_bool, "Divide each value by the sample's first value (its count)",
          "Bytes become bytes per allocation, time becomes time per event."),
    FIELD(nodecount, config_int, "Show at most this many nodes",
          "-1 stands for the command's own default, 0 for no limit."),
    FIELD(nodefraction, config_float, "Hide nodes below this fraction of the total", NULL),
    FIELD(noinlines, config_bool, "Charge inlined calls to the function that they were inlined into", NULL),
    FIELD(normalize, config_bool, "Scale the profile to the total of the base profile", NULL),
    FIELD(output, config_text, "Write the report into this file", NULL),
    FIELD(prune_from, config_text, "Remove the frames that match this regexp, and all that they call", NULL),
    FIELD(relative_percentages, config_bool, "Count percentages from what is left after filters",
          "Otherwise they are of the whole profile, so that reports with and without filters compare."),
    FIELD(sample_index, config_text, "The value to report, by number (from 0) or by name",
          "Profiles hold several values in each sample."),
    FIELD(show, config_text, "Keep only the frames that match this regexp",
          "It is matched against function, file and object names."),
    FIELD(show_from, config_text, "Remove the callers of the outermost frame that matches this regexp",
          "Samples without such a frame are dropped."),
    FIELD(showcolumns, config_bool, "Show column numbers beside line numbers", NULL),
    FIELD(signed_percentages, config_bool, "Write the percentages of what became less with a minus",
          "In a comparison. Otherwise percentages are of magnitudes, as go tool pprof has them."),
    CHOICE(sort, sort_orders),
    FIELD(source_path, config_text, "Where to look for source files, a list separated by ':'", NULL),
    FIELD(tagfocus, config_text, "Keep only samples with a tag in this range or matching this regexp",
          "key=value looks at one tag only. Ranges of numbers: 1kb, 1kb:10kb, memory=32mb: and the like."),
    FIELD(taghide, config_text, "Remove the tags whose key matches this regexp", NULL),
    FIELD(tagignore, config_text, "Drop samples with a tag in this range or matching this regexp",
          "key=value looks at one tag only. Ranges of numbers: 1kb, 1kb:10kb, memory=32mb: and the like."),
    FIELD(tagleaf, config_text, "Make frames of these tags below the leaf, a list separated by ','", NULL),
    FIELD(tagroot, config_text, "Make frames of these tags above the root, a list separated by ','", NULL),
    FIELD(tagshow, config_text, "Keep only the tags whose key matches this regexp", NULL),
    FIELD(trim, config_bool, "Leave insignificant nodes and edges out",
          "With trim=false nodecount, nodefraction and edgefraction have no effect."),
    FIELD(trim_path, config_text, "Path prefixes to take off source file names, a list separated by ':'", NULL),
    FIELD(unit, config_text, "The unit to show values in",
          "Seconds, milliseconds, megabytes, kilobytes, ... or auto, which picks one for each value,\n"
          "or minimum, which picks the one of the smallest value for all."),
};
const size_t config_nfields = sizeof config_fields / sizeof *config_fields;

const struct config_choice config_choices[] = {
    {"functions", "One entry for each function", "Functions of one name in several files are one entry."},
    {"filefunctions", "One entry for each function of a file", NULL},
    {"files", "One entry for each source file", NULL},
    {"lines", "One entry for each source line", NULL},
    {"addresses", "One entry for each address", NULL},
    {"flat", "Sort by what an entry did itself", NULL},
    {"cum", "Sort by what an entry and its callees did", NULL},
};
const size_t config_nchoices = sizeof config_choices / sizeof *config_choices;

void config_init(struct config *config)
{
    *config = (struct config){.trim = true,
                              .nodecount = -1,
                              .nodefraction = 0.005,
                              .edgefraction = 0.001,
                              .divide_by = 1,
                              .sort = "flat",
                              .color = "auto",
                              .unit = "minimum"};
    for (size_t i = 0; i < config_nfields; i++) {
        const char **text = (const char **)((char *)config + config_fields[i].offset);
        if (config_fields[i].kind == config_text && !*text)
            *text = "";
    }
}

static bool is_choice(const struct config_field *field, const char *name)
{
    for (const char *const *c = field->choices; c && *c; c++) {
        if (strcmp(*c, name) == 0)
            return true;
    }
    return false;
}

const struct config_field *config_find(const char *name)
{
    for (size_t i = 0; i < config_nfields; i++) {
        if (strcmp(config_fields[i].name, name) == 0 || is_choice(&config_fields[i], name))
            return &config_fields[i];
    }
    return NULL;
}

const struct config_choice *config_find_choice(const char *name)
{
    for (size_t i = 0; i < config_nchoices; i++) {
        if (strcmp(config_choices[i].name, name) == 0)
            return &config_choices[i];
    }
    return NULL;
}

bool config_is_bool(const char *name)
{
    const struct config_field *field = config_find(name);
    return field && (field->kind == config_bool || strcmp(field->name, name) != 0);
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcasecmp(text, *words) == 0)
            return true;
    }
    return false;
}

/* The prompt takes more words for a bool than flags do. */
static bool parse_loose_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", "", NULL};
    static const char *const no[] = {"false", "f", "no", "n", "0", NULL};
    if (!is_one_of(text, yes) && !is_one_of(text, no))
        return false;
    *value = is_one_of(text, yes);
    return true;
}

bool config_parse_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static int base_of(const char **digits)
{
    if ((*digits)[0] != '0' || (*digits)[1] == '\0')
        return 10;
    int letter = tolower((unsigned char)(*digits)[1]);
    int base = letter == 'x' ? 16 : letter == 'b' ? 2 : letter == 'o' ? 8 : 0;
    *digits += base ? 2 : 1;
    return base ? base : 8;
}

bool config_parse_int(const char *text, bool any_base, int64_t *value)
{
    const char *digits = text + (*text == '-' || *text == '+');
    int base = any_base ? base_of(&digits) : 10;
    if (!isxdigit((unsigned char)*digits))
        return false;
    char *end;
    errno = 0;
    unsigned long long magnitude = strtoull(digits, &end, base);
    bool negative = *text == '-';
    if (*end || end == digits || errno || magnitude > (unsigned long long)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)-magnitude : (int64_t)magnitude;
    return true;
}

bool config_parse_float(const char *text, double *value)
{
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (*text == '\0' || isspace((unsigned char)*text) || *end || (errno == ERANGE && isinf(v)))
        return false;
    *value = v;
    return true;
}

static bool refuse(struct buf *error, const struct config_field *field, const char *value, const char *expected)
{
    buf_printf(error, "\"%s\" is no value for %s: expected %s", value, field->name, expected);
    return false;
}

bool config_check_text(const struct config_field *field, const char *value, struct buf *error)
{
    const char *const *allowed = field->choices ? field->choices : field->words;
    bool fine = !allowed;
    for (const char *const *c = allowed; c && *c && !fine; c++)
        fine = strcmp(*c, value) == 0;
    if (fine)
        return true;
    buf_printf(error, "\"%s\" is no value for %s: expected", value, field->name);
    for (const char *const *c = allowed; *c; c++)
        buf_printf(error, "%s %s", c == allowed ? "" : c[1] ? "," : " or", *c);
    return false;
}

static bool set_text(const char **text, struct arena *arena, const struct config_field *field, const char *value,
                     struct buf *error)
{
    if (!config_check_text(field, value, error))
        return false;
    *text = arena_str(arena, str_of(value)).p;
    return true;
}

bool config_set(struct config *config, struct arena *arena, const char *name, const char *value, struct buf *error)
{
    const struct config_field *field = config_find(name);
    bool truth;
    if (!field) {
        buf_printf(error, "there is no option \"%s\"", name);
        return false;
    }
    if (strcmp(field->name, name) != 0) {
        if (!config_parse_bool(*value ? value : "1", &truth) || !truth)
            return refuse(error, field, value, "true, as the name says which choice is meant");
        value = name;
    }
    void *at = (char *)config + field->offset;
    switch (field->kind) {
    case config_bool:
        return parse_loose_bool(value, at) || refuse(error, field, value, "true or false");
    case config_int:
        return config_parse_int(value, false, at) || refuse(error, field, value, "an integer");
    case config_float:
        return config_parse_float(value, at) || refuse(error, field, value, "a number");
    case config_text:
        break;
    }
    return set_text(at, arena, field, value, error);
}

/* The shortest digits that read back as the same number, as d.ddde±xx. */
static void shortest(double value, char text[40])
{
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, 40, "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

void config_put_float(struct buf *out, double value)
{
    char text[40];
    if (isnan(value) || isinf(value)) {
        buf_str(out, isnan(value) ? STR("NaN") : value > 0 ? STR("+Inf") : STR("-Inf"));
        return;
    }
    shortest(value, text);
    char *e = strchr(text, 'e');
    int exponent = atoi(e + 1), digits = (int)(e - text) - (text[0] == '-') - (strchr(text, '.') != NULL);
    if (exponent < -4 || exponent >= 21)
        buf_printf(out, "%s", text);
    else
        buf_printf(out, "%.*f", digits - 1 - exponent > 0 ? digits - 1 - exponent : 0, value);
}

void config_put_value(const struct config *config, const struct config_field *field, struct buf *out)
{
    const void *at = (const char *)config + field->offset;
    switch (field->kind) {
    case config_bool:
        buf_str(out, *(const bool *)at ? STR("true") : STR("false"));
        break;
    case config_int:
        buf_int(out, *(const int64_t *)at);
        break;
    case config_float:
        config_put_float(out, *(const double *)at);
        break;
    case config_text:
        buf_str(out, str_of(*(const char *const *)at));
        break;
    }
}
