#include "cli/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/decode_ahead.h"
#include "cli/keep.h"
#include "cli/origins.h"
#include "cli/print.h"
#include "cli/source.h"
#include "cli/source_list.h"
#include "cli/tool_mem.h"
#include "profile/filter.h"
#include "profile/merge.h"
#include "symbol/locate.h"
#include "symbol/symbolize.h"

/* How many profiles are held at a time before they become one. Go's tool has the same number, on which the order of
 * what is merged depends. */
enum { chunk_size = 128 };

struct loading {
    const struct pprof_args *args;
    struct origins origins;
    bool fetched; /* anything over the network */
    struct buf notes;
    struct buf error;
};

static bool print_error(struct loading *loading)
{
    fprintf(stderr, "sonde: %.*s\n", (int)loading->error.n, loading->error.p);
    loading->error.n = 0;
    return false;
}

/* --- One source --- */

/* Says why nothing came of a source. */
static void tell_fault(const struct source *source, const struct fault *fault)
{
    if (source->error.n > 0)
        fprintf(stderr, "sonde: %s: %.*s\n", source->name, (int)source->error.n, source->error.p);
    else
        fprintf(stderr, "sonde: %s: byte %llu: expected %s\n", source->name, (unsigned long long)fault->offset,
                fault->expected);
}

/* Where binaries are looked for. */
static void put_binary_path(struct buf *path)
{
    const char *given = getenv("PPROF_BINARY_PATH"), *home = getenv("HOME");
    if (given && given[0])
        buf_str(path, str_of(given));
    else
        buf_printf(path, "%s%spprof/binaries", home ? home : "", home && home[0] ? "/" : "");
}

static bool locate(struct loading *loading, struct profile *profile)
{
    struct buf path;
    buf_init(&path, tool_mem());
    put_binary_path(&path);
    struct locate_options options = {
        .path = buf_text(&path), .binary = loading->args->binary, .build_id = loading->args->build_id};
    bool fine = locate_binaries(profile, &options, &loading->notes);
    buf_finish(&path);
    return fine;
}

/* Notes what a profile needs to know of where it came from. */
static bool take_origin(struct loading *loading, const struct source *source, struct profile *profile)
{
    bool fine = locate(loading, profile);
    if (fine && source->url.n > 0) {
        loading->fetched = true;
        fine = origins_add(&loading->origins, profile, buf_text(&source->url));
    }
    return fine;
}

/* --- Several --- */

/* The next source's profile, if one came of it. What there is to tell of the first `told` sources was told before. */
static bool take_source(struct loading *loading, struct decode_ahead *ahead, size_t told, struct profile *profile)
{
    size_t i = ahead->taken;
    struct fault fault;
    bool good = decode_ahead_take(ahead, profile, &fault);
    if (!good && i >= told)
        tell_fault(&ahead->sources[i], &fault);
    if (good && !take_origin(loading, &ahead->sources[i], profile)) {
        profile_finish(profile);
        good = false;
    }
    if (i < told)
        loading->notes.n = 0;
    print_notes(&loading->notes);
    return good;
}

/* Adds up what comes of n sources, one after the other; returns how many of them that went well for. Where that is not
 * all of them and loading->error is empty, the next one does not have the same types. */
static size_t add_up(struct loading *loading, struct source *sources, size_t n, struct profile_sum *sum)
{
    struct decode_ahead ahead;
    size_t i = 0;
    decode_ahead_start(&ahead, sources, n, n > 1);
    for (bool fine = true; i < n && fine; i += fine) {
        struct profile profile;
        if (!take_source(loading, &ahead, 0, &profile))
            continue;
        fine = profile_sum_fits(sum, &profile);
        if (fine)
            fine = profile_sum_add(sum, &profile, &loading->error);
        else
            profile_finish(&profile);
    }
    decode_ahead_finish(&ahead);
    return i;
}

/* Combines what comes of n sources with all of it at hand. */
static bool combine_at_once(struct loading *loading, struct source *sources, size_t n, size_t told, struct profile *out,
                            size_t *count)
{
    struct profile *profiles = mem_get_array(tool_mem(), n, sizeof *profiles);
    struct decode_ahead ahead;
    *count = 0;
    decode_ahead_start(&ahead, sources, n, false);
    while (ahead.taken < n)
        *count += take_source(loading, &ahead, told, &profiles[*count]);
    decode_ahead_finish(&ahead);
    bool fine = profile_combine(profiles, *count, out, &loading->error);
    mem_put(tool_mem(), profiles, n * sizeof *profiles);
    return fine;
}

/* What comes of n sources; *count is how many anything came of, and *out is set where that is not 0. */
static bool combine_sources(struct loading *loading, struct source *sources, size_t n, struct profile *out,
                            size_t *count)
{
    struct profile_sum sum = {.mem = tool_mem()};
    size_t norigins = loading->origins.all.n, done = add_up(loading, sources, n, &sum);
    bool failed = loading->error.n > 0, alone = sum.n == 1 && n > 1; /* alone, it would be raw */
    *count = sum.n;
    if (!failed && done == n && sum.n > 0 && !alone)
        failed = !profile_sum_take(&sum, out, &loading->error);
    profile_sum_finish(&sum);
    if (failed || (done == n && !alone))
        return !failed;
    loading->origins.all.n = norigins;
    return combine_at_once(loading, sources, n, done + 1, out, count);
}

/* Combines what comes of n sources with what is in *total already (where *count is not 0), counting it. */
static bool combine(struct loading *loading, struct source *sources, size_t n, struct profile *total, size_t *count)
{
    struct profile both[2];
    size_t good = 0;
    bool fine = combine_sources(loading, sources, n, *count == 0 ? total : &both[1], &good);
    if (fine && good > 0 && *count > 0) {
        both[0] = *total;
        fine = profile_combine(both, 2, total, &loading->error);
    }
    *count += good;
    return fine;
}

static void read_sources(const struct loading *loading, struct source *sources, size_t n)
{
    const struct pprof_args *args = loading->args;
    struct source_options options = {
        .seconds = args->seconds, .timeout = args->timeout, .tls = {args->tls_cert, args->tls_key, args->tls_ca}};
    sources_read(sources, n, &options);
}

/* Says how many of a kind of profile there are where some of several are missing: why each is missing was said before.
 * False where there are none. */
static bool tell_count(const char *kind, size_t wanted, size_t got)
{
    if (got == 0 && wanted > 1)
        fprintf(stderr, "failed to fetch any %s profiles\n", kind);
    else if (got > 0 && got < wanted)
        fprintf(stderr, "Fetched %zu %s profiles out of %zu\n", got, kind, wanted);
    return got > 0;
}

/* Loads the sources and the base, which is read together with the first sources: both may be measuring now. */
static bool load_all(struct loading *loading, const struct source_list *list, struct profile *profile,
                     struct profile *base)
{
    const struct pprof_args *args = loading->args;
    size_t nsources = list->names.n, nbases = args->base[0] != '\0', count = 0, base_count = 0;
    struct source sources[chunk_size + 1];
    bool fine = true;
    for (size_t from = 0; from < nsources && fine; from += chunk_size) {
        size_t n = nsources - from < chunk_size ? nsources - from : chunk_size, with_base = from == 0 ? nbases : 0;
        sources_init(sources, n, list->names.at + from, tool_mem());
        sources_init(sources + n, with_base, &args->base, tool_mem());
        read_sources(loading, sources, n + with_base);
        fine = combine(loading, sources, n, profile, &count) &&
               combine(loading, sources + n, with_base, base, &base_count);
        sources_finish(sources, n + with_base);
    }
    if (!fine)
        return print_error(loading);
    return tell_count("source", nsources, count) && (nbases == 0 || tell_count("base", nbases, base_count));
}

/* --- The whole --- */

/* One line on a terminal, while something is fetched from a server of debug information. */
static void draw_fetching(void *to, struct str what, int64_t done, int64_t total)
{
    (void)to;
    if (done < 0)
        fputs("\r\033[K", stderr);
    else if (total > 0)
        fprintf(stderr, "\rFetching debug information: %.16s: %.1f of %.1f MB\033[K", what.p, (double)done / 1e6,
                (double)total / 1e6);
    else
        fprintf(stderr, "\rFetching debug information: %.16s\033[K", what.p);
}

static bool symbolize(struct loading *loading, struct profile *profile)
{
    const struct pprof_args *args = loading->args;
    struct transfer_tls tls = {args->tls_cert, args->tls_key, args->tls_ca};
    struct symbolize_mode mode = symbolize_mode_parse(str_of(args->symbolize), &loading->notes);
    if (mode.none)
        return true;
    struct buf folder;
    buf_init(&folder, tool_mem());
    struct symbol_cache cache = symbol_cache_of_user(&folder);
    struct symbolize_help help = {
        &cache, debug_server_create(tool_mem(), isatty(STDERR_FILENO) ? draw_fetching : NULL, NULL, &loading->notes),
        args->kallsyms[0] ? args->kallsyms : NULL};
    bool fine = (!mode.local || symbolize_profile(profile, &mode, &help, &loading->notes)) &&
                (!mode.remote || origins_symbolize(&loading->origins, profile, mode.force, &tls, &loading->notes)) &&
                symbolize_demangle(profile, &mode);
    debug_server_destroy(help.server);
    buf_finish(&folder);
    return fine;
}

static bool add_comment(struct profile *profile, const char *comment)
{
    uint32_t text = profile_string(profile, str_of(comment)), n = profile->ncomments;
    if (text == PROFILE_NONE || !profile_resize(profile, &profile->comments, n, (uint64_t)n + 1, sizeof text))
        return false;
    profile->comments[n] = text;
    profile->ncomments = n + 1;
    return true;
}

static bool finish(struct loading *loading, struct profile *profile, struct profile *base)
{
    const struct pprof_args *args = loading->args;
    if (args->base[0] && !profile_subtract(profile, base, args->base_is_diff, args->config.normalize, &loading->error))
        return print_error(loading);
    bool fine = symbolize(loading, profile);
    print_notes(&loading->notes);
    profile_remove_uninteresting(profile);
    origins_forget(profile);
    if (args->comment[0])
        fine = add_comment(profile, args->comment) && fine;
    if (loading->fetched)
        keep_profile(profile, &loading->notes);
    print_notes(&loading->notes);
    return fine;
}

bool load_profile(const struct pprof_args *args, struct profile *profile)
{
    struct loading loading = {.args = args};
    struct source_list list = {.names = {0}};
    struct profile base;
    origins_init(&loading.origins, tool_mem());
    buf_init(&loading.notes, tool_mem());
    buf_init(&loading.error, tool_mem());
    for (int i = 0; i < args->nsources; i++)
        source_list_add(&list, &loading.origins.arena, args->sources[i]);
    bool fine = load_all(&loading, &list, profile, &base) && finish(&loading, profile, &base);
    vec_finish(&list.names, tool_mem());
    buf_finish(&loading.error);
    buf_finish(&loading.notes);
    origins_finish(&loading.origins);
    return fine;
}
