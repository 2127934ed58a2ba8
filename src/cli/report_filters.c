#include "cli/report_filters.h"

#include "profile/filter.h"
#include "profile/tags.h"

/* --- Compiling --- */

static bool compile(const char *name, const char *value, struct pattern **pattern, struct buf *error)
{
    struct buf reason;
    if (value[0] == '\0')
        return true;
    buf_init(&reason, error->mem);
    *pattern = pattern_create(str_of(value), error->mem, &reason);
    if (!*pattern)
        buf_printf(error, "parsing %s regexp: %.*s", name, (int)reason.n, reason.p);
    buf_finish(&reason);
    return *pattern;
}

static bool compile_tags(const char *name, const char *value, struct tag_filter **filter, struct buf *notes,
                         struct buf *error)
{
    if (value[0] == '\0')
        return true;
    *filter = tag_filter_create(str_of(name), str_of(value), error->mem, error);
    if (*filter && tag_filter_is_range(*filter)) {
        size_t equals = str_find(str_of(value), STR("="), 0);
        const char *range = value[equals] == '=' ? value + equals + 1 : value;
        buf_printf(notes, "%s:Interpreted '%s' as range, not regexp\n", name, range);
    }
    return *filter;
}

static bool compile_all(const struct config *config, struct profile_filters *filters, struct buf *notes,
                        struct buf *error)
{
    return compile("focus", config->focus, &filters->focus, error) &&
           compile("ignore", config->ignore, &filters->ignore, error) &&
           compile("hide", config->hide, &filters->hide, error) &&
           compile("show", config->show, &filters->show, error) &&
           compile("show_from", config->show_from, &filters->show_from, error) &&
           compile_tags("tagfocus", config->tagfocus, &filters->tag_focus, notes, error) &&
           compile_tags("tagignore", config->tagignore, &filters->tag_ignore, notes, error) &&
           compile("prune_from", config->prune_from, &filters->prune_from, error) &&
           compile("tagshow", config->tagshow, &filters->tag_show, error) &&
           compile("taghide", config->taghide, &filters->tag_hide, error);
}

static void destroy_all(struct profile_filters *filters)
{
    pattern_destroy(filters->focus);
    pattern_destroy(filters->ignore);
    pattern_destroy(filters->hide);
    pattern_destroy(filters->show);
    pattern_destroy(filters->show_from);
    tag_filter_destroy(filters->tag_focus);
    tag_filter_destroy(filters->tag_ignore);
    pattern_destroy(filters->tag_show);
    pattern_destroy(filters->tag_hide);
    pattern_destroy(filters->prune_from);
}

/* --- Applying --- */

static bool is_any(const struct profile_filters *f)
{
    return f->focus || f->ignore || f->hide || f->show || f->show_from || f->tag_focus || f->tag_ignore ||
           f->tag_show || f->tag_hide || f->prune_from;
}

static void warn(bool matched, const char *option, struct buf *notes)
{
    if (!matched)
        buf_printf(notes, "%s expression matched no samples\n", option);
}

static void warn_all(const struct profile_matched *matched, struct buf *notes)
{
    warn(matched->focus, "Focus", notes);
    warn(matched->ignore, "Ignore", notes);
    warn(matched->hide, "Hide", notes);
    warn(matched->show, "Show", notes);
    warn(matched->show_from, "ShowFrom", notes);
    warn(matched->tag_focus, "TagFocus", notes);
    warn(matched->tag_ignore, "TagIgnore", notes);
    warn(matched->tag_show, "TagShow", notes);
    warn(matched->tag_hide, "TagHide", notes);
}

/* Whether all answers of the expressions count. An expression that took too long says no, which is not an answer. */
static bool are_sure(const struct profile_filters *filters, struct buf *error)
{
    const struct {
        const char *name;
        const struct pattern *pattern;
    } all[] = {{"focus", filters->focus},      {"ignore", filters->ignore},       {"hide", filters->hide},
               {"show", filters->show},        {"show_from", filters->show_from}, {"prune_from", filters->prune_from},
               {"tagshow", filters->tag_show}, {"taghide", filters->tag_hide}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].pattern && pattern_gave_up(all[i].pattern)) {
            buf_printf(error, "%s: the regexp takes too long to match", all[i].name);
            return false;
        }
    }
    bool tags = (filters->tag_focus && tag_filter_gave_up(filters->tag_focus)) ||
                (filters->tag_ignore && tag_filter_gave_up(filters->tag_ignore));
    if (tags)
        buf_str(error, STR("tagfocus or tagignore: the regexp takes too long to match"));
    return !tags;
}

bool report_filters_apply(struct profile *profile, const struct config *config, struct buf *notes, struct buf *error)
{
    struct profile_filters filters = {0};
    struct profile_matched matched;
    bool fine = compile_all(config, &filters, notes, error);
    if (fine && is_any(&filters)) {
        fine = profile_filter(profile, &filters, &matched) && are_sure(&filters, error);
        if (fine)
            warn_all(&matched, notes);
    }
    destroy_all(&filters);
    return fine;
}

/* --- Listing --- */

uint32_t report_filters_list(const struct config *config, struct buf *text, struct str *filters)
{
    const struct {
        const char *name, *value;
    } all[most_filters] = {
        {"focus", config->focus},         {"ignore", config->ignore},       {"hide", config->hide},
        {"show", config->show},           {"show_from", config->show_from}, {"tagfocus", config->tagfocus},
        {"tagignore", config->tagignore}, {"tagshow", config->tagshow},     {"taghide", config->taghide},
    };
    size_t starts[most_filters + 1];
    uint32_t n = 0;
    for (size_t i = 0; i < most_filters; i++) {
        if (all[i].value[0] == '\0')
            continue;
        starts[n++] = text->n;
        buf_printf(text, "%s=%s", all[i].name, all[i].value);
    }
    starts[n] = text->n;
    for (uint32_t i = 0; i < n; i++)
        filters[i] = (struct str){text->p + starts[i], starts[i + 1] - starts[i]};
    return n;
}
