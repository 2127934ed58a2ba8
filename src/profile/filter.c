#include "profile/filter.h"

#include <string.h>

#include "profile/edit.h"
#include "profile/names.h"
#include "profile/tags.h"

/* What a location is for the filters by name. */
enum { location_focused = 1, location_ignored = 2, location_hidden = 4 };

/* The four filters by name at work. */
struct by_name {
    struct profile *profile;
    struct names focus, ignore, hide, show; /* .pattern NULL where not asked */
    uint8_t *location;                      /* one a location: the flags above */
    uint8_t *line;                          /* one a line: whether it stays */
    bool any_hidden;
};

/* Whether any line of a location matches, or its mapping. */
static bool location_matches(struct names *names, uint32_t location)
{
    const struct profile *p = names->profile;
    for (uint32_t i = p->line_start[location]; i < p->line_start[location + 1]; i++) {
        if (names_match_line(names, &p->lines[i]))
            return true;
    }
    return names_match_mapping(names, location);
}

/* Marks the lines of a location that do not (or, where wanted, do) match as dropped; returns how many are left. */
static uint32_t drop_lines(struct by_name *f, struct names *names, uint32_t location, bool wanted)
{
    const struct profile *p = f->profile;
    bool whole = names_match_mapping(names, location);
    uint32_t left = 0;
    for (uint32_t i = p->line_start[location]; i < p->line_start[location + 1]; i++) {
        bool matches = whole || names_match_line(names, &p->lines[i]);
        f->line[i] = f->line[i] && matches == wanted;
        left += f->line[i];
    }
    return left;
}

static void judge_location(struct by_name *f, uint32_t location, struct profile_matched *matched)
{
    uint8_t *flags = &f->location[location];
    if (f->ignore.pattern && location_matches(&f->ignore, location)) {
        matched->ignore = true;
        *flags = location_ignored;
    } else if (!f->focus.pattern || location_matches(&f->focus, location)) {
        matched->focus = true;
        *flags = location_focused;
    }
    if (f->hide.pattern && location_matches(&f->hide, location)) {
        matched->hide = true;
        if (drop_lines(f, &f->hide, location, false) == 0)
            *flags |= location_hidden;
    }
    if (f->show.pattern) {
        if (drop_lines(f, &f->show, location, true) == 0)
            *flags |= location_hidden;
        else
            matched->show = true;
    }
    f->any_hidden |= (*flags & location_hidden) != 0;
}

static bool edit_by_name(void *context, uint32_t *frames, uint64_t *n)
{
    const struct by_name *f = context;
    uint8_t all = 0;
    for (uint64_t i = 0; i < *n; i++)
        all |= f->location[frames[i]];
    if (!(all & location_focused) || (all & location_ignored))
        return false;
    if (!f->any_hidden)
        return true;
    uint64_t kept = 0;
    for (uint64_t i = 0; i < *n; i++) {
        if (!(f->location[frames[i]] & location_hidden))
            frames[kept++] = frames[i];
    }
    *n = kept;
    return kept > 0;
}

/* Prepares a filter that is asked; one that is not stays empty. */
static bool begin_names(struct names *names, const struct profile *profile, struct pattern *pattern)
{
    return !pattern || names_init(names, profile, pattern);
}

/* Bytes of 0 or 1, at least one so that NULL means exhaustion. */
static uint8_t *get_flags(struct profile *p, uint32_t n, int value)
{
    uint8_t *flags = mem_get(p->mem, (size_t)n + 1);
    if (flags)
        memset(flags, value, (size_t)n + 1);
    return flags;
}

static void put_flags(struct profile *p, uint8_t *flags, uint32_t n)
{
    mem_put(p->mem, flags, (size_t)n + 1);
}

static bool apply_by_name(struct by_name *f, struct profile_matched *matched)
{
    for (uint32_t location = 0; location < f->profile->nlocations; location++)
        judge_location(f, location, matched);
    if (!profile_edit_stacks(f->profile, edit_by_name, f))
        return false;
    if (f->hide.pattern || f->show.pattern)
        profile_keep_lines(f->profile, f->line);
    return true;
}

bool profile_filter_names(struct profile *p, const struct profile_filters *filters, struct profile_matched *matched)
{
    matched->focus = !filters->focus;
    matched->ignore = !filters->ignore;
    matched->hide = !filters->hide;
    matched->show = !filters->show;
    if (!filters->focus && !filters->ignore && !filters->hide && !filters->show)
        return true;
    uint32_t nlocations = p->nlocations, nlines = p->line_start[p->nlocations];
    struct by_name f = {.profile = p};
    f.location = get_flags(p, nlocations, 0);
    f.line = get_flags(p, nlines, 1);
    bool ok = f.location && f.line && begin_names(&f.focus, p, filters->focus) &&
              begin_names(&f.ignore, p, filters->ignore) && begin_names(&f.hide, p, filters->hide) &&
              begin_names(&f.show, p, filters->show) && apply_by_name(&f, matched);
    names_finish(&f.focus);
    names_finish(&f.ignore);
    names_finish(&f.hide);
    names_finish(&f.show);
    put_flags(p, f.location, nlocations);
    put_flags(p, f.line, nlines);
    return ok;
}

/* A filter that keeps one end of the stacks, from or up to marked locations. */
struct by_end {
    struct names names;
    uint8_t *location; /* one a location: whether it is marked */
    uint8_t *line;     /* one a line: whether it stays */
};

static bool begin_by_end(struct by_end *f, struct profile *p, struct pattern *pattern)
{
    *f = (struct by_end){0};
    f->location = get_flags(p, p->nlocations, 0);
    f->line = get_flags(p, p->line_start[p->nlocations], 1);
    return f->location && f->line && names_init(&f->names, p, pattern);
}

static void end_by_end(struct by_end *f, struct profile *p, uint32_t nlines)
{
    names_finish(&f->names);
    put_flags(p, f->location, p->nlocations);
    put_flags(p, f->line, nlines);
}

/* Whether a location matches show_from; of one that matches by a line, the lines outside the outermost such are
 * dropped. */
static bool show_from_location(struct by_end *f, const struct profile *p, uint32_t location)
{
    if (names_match_mapping(&f->names, location))
        return true;
    uint32_t first = p->line_start[location], end = p->line_start[location + 1], i = end;
    while (i > first && !names_match_line(&f->names, &p->lines[i - 1]))
        i--;
    if (i == first)
        return false;
    memset(f->line + i, 0, end - i);
    return true;
}

static bool edit_show_from(void *context, uint32_t *frames, uint64_t *n)
{
    const struct by_end *f = context;
    while (*n > 0 && !f->location[frames[*n - 1]])
        --*n;
    return *n > 0;
}

bool profile_show_from(struct profile *p, struct pattern *pattern, bool *matched)
{
    struct by_end f;
    uint32_t nlines = p->line_start[p->nlocations];
    bool ok = begin_by_end(&f, p, pattern);
    *matched = false;
    for (uint32_t location = 0; ok && location < p->nlocations; location++) {
        f.location[location] = show_from_location(&f, p, location);
        *matched |= f.location[location] != 0;
    }
    ok = ok && profile_edit_stacks(p, edit_show_from, &f);
    if (ok)
        profile_keep_lines(p, f.line);
    end_by_end(&f, p, nlines);
    return ok;
}

/* Whether a location has a line that matches prune_from; those inside the innermost such are dropped. */
static bool prune_from_location(struct by_end *f, const struct profile *p, uint32_t location)
{
    uint32_t first = p->line_start[location], end = p->line_start[location + 1];
    for (uint32_t i = first; i < end; i++) {
        uint32_t name = p->functions[p->lines[i].function].name;
        if (name != 0 && names_match(&f->names, name)) {
            memset(f->line + first, 0, i - first);
            return true;
        }
    }
    return false;
}

/* Drops the first `count` frames. */
static void drop_first(uint32_t *frames, uint64_t *n, uint64_t count)
{
    *n -= count;
    memmove(frames, frames + count, *n * sizeof *frames);
}

static bool edit_prune_from(void *context, uint32_t *frames, uint64_t *n)
{
    const struct by_end *f = context;
    for (uint64_t i = 0; i < *n; i++) {
        if (f->location[frames[i]]) {
            if (i > 0)
                drop_first(frames, n, i);
            break;
        }
    }
    return true;
}

bool profile_prune_from(struct profile *p, struct pattern *pattern)
{
    struct by_end f;
    uint32_t nlines = p->line_start[p->nlocations];
    bool ok = begin_by_end(&f, p, pattern);
    f.names.simplify = true;
    for (uint32_t location = 0; ok && location < p->nlocations; location++)
        f.location[location] = prune_from_location(&f, p, location);
    ok = ok && profile_edit_stacks(p, edit_prune_from, &f);
    if (ok)
        profile_keep_lines(p, f.line);
    end_by_end(&f, p, nlines);
    return ok;
}

/* How a location is pruned: with all below it, or only what is inlined in it and all below. */
enum { prune_none, prune_with, prune_beneath };

struct uninteresting {
    struct by_end drop; /* .location holds the enum above */
    struct names keep;
};

static uint8_t prune_location(struct uninteresting *f, const struct profile *p, uint32_t location)
{
    uint32_t first = p->line_start[location], end = p->line_start[location + 1];
    for (uint32_t i = end; i > first; i--) {
        uint32_t name = p->functions[p->lines[i - 1].function].name;
        if (name == 0 || !names_match(&f->drop.names, name) || (f->keep.pattern && names_match(&f->keep, name)))
            continue;
        if (i == end)
            return prune_with;
        memset(f->drop.line + first, 0, i - first);
        return prune_beneath;
    }
    return prune_none;
}

/* Prunes at the frame next to the root that is to be pruned and has one above it that is not, so that never all of a
 * stack goes. */
static bool edit_uninteresting(void *context, uint32_t *frames, uint64_t *n)
{
    const struct uninteresting *f = context;
    bool found_user = false;
    for (uint64_t i = *n; i > 0; i--) {
        uint8_t prune = f->drop.location[frames[i - 1]];
        if (prune == prune_none) {
            found_user = true;
        } else if (found_user) {
            uint64_t count = prune == prune_with ? i : i - 1;
            if (count > 0)
                drop_first(frames, n, count);
            break;
        }
    }
    return true;
}

/* The pattern "^(...)$" around one of the profile's own expressions; NULL where it is broken. */
static struct pattern *anchored(const struct profile *p, uint32_t expression)
{
    struct buf text, error;
    buf_init(&text, p->mem);
    buf_init(&error, p->mem);
    buf_str(&text, STR("^("));
    buf_str(&text, p->strings[expression]);
    buf_str(&text, STR(")$"));
    struct pattern *pattern = text.failed ? NULL : pattern_create(buf_text(&text), p->mem, &error);
    buf_finish(&text);
    buf_finish(&error);
    return pattern;
}

static void remove_matching(struct profile *p, struct pattern *drop, struct pattern *keep)
{
    struct uninteresting f = {0};
    uint32_t nlines = p->line_start[p->nlocations];
    bool ok = begin_by_end(&f.drop, p, drop) && (!keep || names_init(&f.keep, p, keep));
    f.drop.names.simplify = f.keep.simplify = true;
    for (uint32_t location = 0; ok && location < p->nlocations; location++)
        f.drop.location[location] = prune_location(&f, p, location);
    ok = ok && !pattern_gave_up(drop) && !(keep && pattern_gave_up(keep));
    if (ok && profile_edit_stacks(p, edit_uninteresting, &f))
        profile_keep_lines(p, f.drop.line);
    end_by_end(&f.drop, p, nlines);
    names_finish(&f.keep);
}

void profile_remove_uninteresting(struct profile *p)
{
    if (p->drop_frames == 0)
        return;
    struct pattern *drop = anchored(p, p->drop_frames), *keep = NULL;
    if (p->keep_frames != 0)
        keep = anchored(p, p->keep_frames);
    if (drop && (keep || p->keep_frames == 0))
        remove_matching(p, drop, keep);
    pattern_destroy(drop);
    pattern_destroy(keep);
}

static bool apply_all(struct profile *p, const struct profile_filters *filters, const struct label_units *units,
                      struct profile_matched *matched)
{
    return profile_filter_names(p, filters, matched) &&
           (!filters->show_from || profile_show_from(p, filters->show_from, &matched->show_from)) &&
           profile_filter_tags(p, units, filters->tag_focus, filters->tag_ignore, &matched->tag_focus,
                               &matched->tag_ignore) &&
           profile_filter_tag_names(p, filters->tag_show, filters->tag_hide, &matched->tag_show, &matched->tag_hide) &&
           (!filters->prune_from || profile_prune_from(p, filters->prune_from)) && profile_drop_unused_stacks(p);
}

bool profile_filter(struct profile *p, const struct profile_filters *filters, struct profile_matched *matched)
{
    struct label_units units; /* of all samples, also of those that are filtered before the tags are looked at */
    *matched = (struct profile_matched){.show_from = true};
    bool ok = label_units_init(&units, p) && apply_all(p, filters, &units, matched);
    label_units_finish(&units);
    return ok;
}
