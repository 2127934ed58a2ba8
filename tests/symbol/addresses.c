/* Prints what is known of the addresses on standard input (hexadecimal, ascending) in the way of addr2line -a -i -f -C,
 * so that addresses_test.py can compare the two. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "symbol/binary.h"
#include "symbol/demangle.h"

static VEC(uint64_t) addresses;
static char **answers;

static void print_frame(FILE *out, const struct binary_frame *frame)
{
    struct buf name;
    buf_init(&name, mem_libc());
    if (!demangle(frame->name, demangle_full, &name))
        buf_str(&name, frame->name.n > 0 ? frame->name : STR("??"));
    fprintf(out, "%.*s\n", (int)name.n, name.p);
    fprintf(out, "%.*s:", STR_ARG(frame->file.n > 0 ? frame->file : STR("??")));
    fprintf(out, frame->line > 0 ? "%" PRId64 "\n" : "?\n", frame->line);
    buf_finish(&name);
}

static bool keep(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    size_t size;
    FILE *out = open_memstream(&answers[index], &size);
    (void)to, (void)from_debug;
    for (size_t i = 0; out && i < n; i++)
        print_frame(out, &frames[i]);
    return out && fclose(out) == 0;
}

int main(int argc, char **argv)
{
    struct buf error;
    uint64_t address;
    buf_init(&error, mem_libc());
    struct binary *binary = argc == 2 ? binary_create(argv[1], mem_libc(), &error) : NULL;
    if (!binary) {
        fprintf(stderr, "%.*s\n", (int)error.n, error.p);
        return 1;
    }
    while (scanf("%" SCNx64, &address) == 1) {
        if (!vec_push(&addresses, mem_libc(), address))
            return 1;
    }
    answers = calloc(addresses.n + 1, sizeof *answers);
    if (!answers || !binary_resolve(binary, addresses.at, addresses.n, false, keep, NULL))
        return 1;
    for (size_t i = 0; i < addresses.n; i++) {
        printf("0x%016" PRIx64 "\n%s", addresses.at[i], answers[i] ? answers[i] : "??\n??:?\n");
        free(answers[i]);
    }
    free(answers);
    vec_finish(&addresses, mem_libc());
    binary_destroy(binary);
    buf_finish(&error);
    return 0;
}
