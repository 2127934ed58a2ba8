/* Our judgement of traces that were cut or changed, in the form of judge.go, which says what is read and printed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/dump.h"
#include "trace/reader.h"

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t sum, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        sum = (sum ^ (unsigned char)text.p[i]) * 0x100000001b3u;
    return sum;
}

static void judge(struct str bytes)
{
    struct trace_fault fault = {0};
    struct trace_reader *reader = trace_reader_create(bytes, mem_libc(), &fault);
    struct trace_dump dump;
    struct buf text;
    uint64_t n = 0, sum = 0xcbf29ce484222325u;
    buf_init(&text, mem_libc());
    trace_dump_init(&dump, mem_libc());
    for (const struct trace_event *e; reader && (e = trace_reader_next(reader)); n++) {
        text.n = 0;
        trace_dump_event(&dump, e, &text);
        sum = hash(sum, buf_text(&text));
    }
    bool accepted = reader && !trace_reader_fault(reader)->set;
    /* A table that is cut off between two numbers ends the trace for Go's reader, which mistakes the end of the table
     * for that of the file; ours says that it is broken. */
    bool in_table = reader && !accepted && strncmp(trace_reader_fault(reader)->rule, "a batch of ", 11) == 0;
    printf("%s %" PRIu64 " %" PRIx64 "\n", accepted ? "accepted" : in_table ? "cut-table" : "refused", n, sum);
    trace_dump_finish(&dump);
    buf_finish(&text);
    trace_reader_destroy(reader);
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    char block[65536];
    for (size_t n; file && (n = fread(block, 1, sizeof block, file)) > 0;)
        buf_bytes(out, block, n);
    return file && fclose(file) == 0;
}

int main(int argc, char **argv)
{
    struct buf original;
    buf_init(&original, mem_libc());
    if (argc != 2 || !read_file(argv[1], &original))
        return 1;
    static char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *rest = NULL, *word = strtok_r(line, " \n", &rest);
        /* A block of exactly the size, so that a sanitizer sees what is read behind its end. */
        size_t n = original.n;
        bool is_prefix = word && strcmp(word, "prefix") == 0;
        if (is_prefix)
            n = strtoul(strtok_r(NULL, " \n", &rest), NULL, 10);
        char *bytes = malloc(n + (n == 0));
        memcpy(bytes, original.p, n);
        while (!is_prefix && (word = strtok_r(NULL, " \n", &rest)))
            bytes[strtoul(word, NULL, 10)] ^= (char)strtoul(strtok_r(NULL, " \n", &rest), NULL, 10);
        judge((struct str){bytes, n});
        free(bytes);
    }
    buf_finish(&original);
    return 0;
}
