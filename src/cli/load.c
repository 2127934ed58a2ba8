#include "cli/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/source.h"
#include "cli/tool_mem.h"
#include "profile/decode.h"
#include "symbol/locate.h"
#include "symbol/symbolize.h"

static void tell_fault(const char *name, const struct fault *fault)
{
    fprintf(stderr, "sonde: %s: byte %llu: expected %s\n", name, (unsigned long long)fault->offset, fault->expected);
}

/* Decodes what came of a source; tells why it cannot. */
static bool decode(struct source *source, struct profile *profile)
{
    struct fault fault = {0};
    if (source->error.n > 0) {
        fprintf(stderr, "sonde: %s: %.*s\n", source->name, (int)source->error.n, source->error.p);
        return false;
    }
    if (profile_decode(buf_text(&source->bytes), tool_mem(), profile, &fault))
        return true;
    tell_fault(source->name, &fault);
    return false;
}

static void print_notes(struct buf *notes)
{
    fwrite(notes->p, 1, notes->n, stderr);
    notes->n = 0;
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

static bool locate(const struct pprof_args *args, struct profile *profile)
{
    struct buf path, notes;
    buf_init(&path, tool_mem());
    buf_init(&notes, tool_mem());
    put_binary_path(&path);
    struct locate_options options = {.path = buf_text(&path), .binary = args->binary, .build_id = args->build_id};
    bool fine = locate_binaries(profile, &options, &notes);
    print_notes(&notes);
    buf_finish(&notes);
    buf_finish(&path);
    return fine;
}

static bool symbolize(const struct pprof_args *args, struct profile *profile)
{
    struct buf notes;
    buf_init(&notes, tool_mem());
    struct symbolize_mode mode = symbolize_mode_parse(str_of(args->symbolize), &notes);
    bool fine =
        mode.none || ((!mode.local || symbolize_profile(profile, &mode, &notes)) && symbolize_demangle(profile, &mode));
    print_notes(&notes);
    buf_finish(&notes);
    return fine;
}

bool load_profile(const struct pprof_args *args, struct profile *profile)
{
    struct source source;
    struct source_options options = {
        .seconds = args->seconds, .timeout = args->timeout, .tls = {args->tls_cert, args->tls_key, args->tls_ca}};
    const char *name = args->sources[0];
    sources_init(&source, 1, &name, tool_mem());
    sources_read(&source, 1, &options);
    bool fine = decode(&source, profile);
    sources_finish(&source, 1);
    return fine && locate(args, profile) && symbolize(args, profile);
}
