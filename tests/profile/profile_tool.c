/* Does to profiles what `go tool pprof -symbolize=none -proto` does, with the profile layer alone, and writes the
 * result, not gzipped, to standard output: what the differential tests compare.
 *
 *     profile_tool [-focus=... | -tagfocus=... | -base=FILE | -normalize | ...]... FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/encode.h"
#include "profile/filter.h"
#include "profile/merge.h"
#include "profile/read.h"
#include "profile/tags.h"

enum { most_files = 64 };

static struct buf error_line;

static void die(const char *what)
{
    fprintf(stderr, "profile_tool: %s: %.*s\n", what, STR_ARG(buf_text(&error_line)));
    exit(1);
}

static struct profile read_profile(const char *path)
{
    struct buf bytes;
    struct profile profile;
    struct fault fault = {0};
    FILE *file = fopen(path, "rb");
    buf_init(&bytes, mem_libc());
    if (!file)
        die(path);
    for (size_t n = 1; n > 0; bytes.n += n)
        n = fread(buf_reserve(&bytes, 1 << 16), 1, 1 << 16, file);
    fclose(file);
    if (!profile_read(&bytes, mem_libc(), &profile, &fault)) {
        fprintf(stderr, "profile_tool: %s: offset %llu: expected %s\n", path, (unsigned long long)fault.offset,
                fault.expected);
        exit(1);
    }
    if (!profile_ensure_mapping(&profile))
        die("mapping");
    return profile;
}

static struct pattern *compile(const char *expression)
{
    struct pattern *pattern = pattern_create(str_of(expression), mem_libc(), &error_line);
    if (!pattern)
        die(expression);
    return pattern;
}

static struct tag_filter *compile_tags(const char *name, const char *value)
{
    struct tag_filter *filter = tag_filter_create(str_of(name), str_of(value), mem_libc(), &error_line);
    if (!filter)
        die(value);
    return filter;
}

static void destroy_filters(struct profile_filters *f)
{
    pattern_destroy(f->focus);
    pattern_destroy(f->ignore);
    pattern_destroy(f->hide);
    pattern_destroy(f->show);
    pattern_destroy(f->show_from);
    pattern_destroy(f->tag_show);
    pattern_destroy(f->tag_hide);
    pattern_destroy(f->prune_from);
    tag_filter_destroy(f->tag_focus);
    tag_filter_destroy(f->tag_ignore);
}

/* The text behind "-name=" of an argument; NULL where it is another. */
static const char *value_of(const char *argument, const char *name)
{
    size_t n = strlen(name);
    return argument[0] == '-' && strncmp(argument + 1, name, n) == 0 && argument[n + 1] == '=' ? argument + n + 2
                                                                                               : NULL;
}

struct request {
    struct profile_filters filters;
    struct profile sources[most_files], bases[most_files];
    size_t nsources, nbases;
    bool is_diff_base, normalize;
};

static void take_argument(struct request *r, const char *argument)
{
    struct {
        const char *name;
        struct pattern **pattern;
    } patterns[] = {
        {"focus", &r->filters.focus},      {"ignore", &r->filters.ignore},         {"hide", &r->filters.hide},
        {"show", &r->filters.show},        {"show_from", &r->filters.show_from},   {"tagshow", &r->filters.tag_show},
        {"taghide", &r->filters.tag_hide}, {"prune_from", &r->filters.prune_from},
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const char *value = value_of(argument, patterns[i].name);
        if (value) {
            *patterns[i].pattern = compile(value);
            return;
        }
    }
    const char *value;
    if ((value = value_of(argument, "tagfocus")))
        r->filters.tag_focus = compile_tags("tagfocus", value);
    else if ((value = value_of(argument, "tagignore")))
        r->filters.tag_ignore = compile_tags("tagignore", value);
    else if ((value = value_of(argument, "base")) && r->nbases < most_files)
        r->bases[r->nbases++] = read_profile(value);
    else if ((value = value_of(argument, "diff_base")) && r->nbases < most_files)
        r->is_diff_base = true, r->bases[r->nbases++] = read_profile(value);
    else if (strcmp(argument, "-normalize") == 0)
        r->normalize = true;
    else if (r->nsources < most_files)
        r->sources[r->nsources++] = read_profile(argument);
}

int main(int argc, char **argv)
{
    static struct request r;
    struct profile profile, base;
    struct profile_matched matched;
    struct buf out;
    buf_init(&out, mem_libc());
    buf_init(&error_line, mem_libc());
    for (int i = 1; i < argc; i++)
        take_argument(&r, argv[i]);
    if (r.nsources == 0)
        die("no file given");
    if (!profile_combine(r.sources, r.nsources, &profile, &error_line))
        die("combine");
    if (r.nbases > 0 && (!profile_combine(r.bases, r.nbases, &base, &error_line) ||
                         !profile_subtract(&profile, &base, r.is_diff_base, r.normalize, &error_line)))
        die("base");
    profile_remove_uninteresting(&profile);
    if (!profile_filter(&profile, &r.filters, &matched))
        die("filter");
    if (!profile_encode(&profile, &out) || fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
        die("write");
    profile_finish(&profile);
    destroy_filters(&r.filters);
    buf_finish(&out);
    buf_finish(&error_line);
    return 0;
}
