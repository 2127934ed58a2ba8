#include "cli/load.h"

#include <stdio.h>

#include "cli/source.h"
#include "cli/tool_mem.h"
#include "profile/decode.h"

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
    return fine;
}
