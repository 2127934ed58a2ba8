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

/* How reading ended. */
struct verdict {
    uint64_t events, sum, valid;
    bool created;
    struct trace_fault fault;
};

static struct verdict read_all(struct str bytes, enum trace_look_ahead look_ahead)
{
    struct verdict v = {.sum = 0xcbf29ce484222325u};
    struct trace_reader *reader = trace_reader_create(bytes, mem_libc(), &v.fault);
    struct trace_dump dump;
    struct buf text;
    v.created = reader != NULL;
    if (!reader)
        return v;
    buf_init(&text, mem_libc());
    trace_dump_init(&dump, mem_libc());
    trace_reader_look_ahead(reader, look_ahead);
    for (const struct trace_event *e; (e = trace_reader_next(reader)); v.events++) {
        text.n = 0;
        trace_dump_event(&dump, e, &text);
        v.sum = hash(v.sum, buf_text(&text));
    }
    v.fault = *trace_reader_fault(reader);
    v.valid = trace_reader_valid(reader);
    trace_dump_finish(&dump);
    buf_finish(&text);
    trace_reader_destroy(reader);
    return v;
}

/* Whether a thread that decodes ahead makes a difference, to what is read or to what is said to be wrong. */
static bool differ(const struct verdict *a, const struct verdict *b)
{
    return a->events != b->events || a->sum != b->sum || a->valid != b->valid || a->fault.set != b->fault.set ||
           strcmp(a->fault.rule, b->fault.rule) != 0 || a->fault.offset != b->fault.offset ||
           a->fault.generation != b->fault.generation || a->fault.thread != b->fault.thread;
}

static void judge(struct str bytes)
{
    struct verdict alone = read_all(bytes, look_ahead_never), ahead = read_all(bytes, look_ahead_always);
    if (differ(&alone, &ahead))
        printf("depends-on-threads: %s, %s: ", alone.fault.rule, ahead.fault.rule);
    bool accepted = alone.created && !alone.fault.set;
    /* A table that is cut off between two numbers ends the trace for Go's reader, which mistakes the end of the table
     * for that of the file; ours says that it is broken. */
    bool in_table = alone.created && !accepted && strncmp(alone.fault.rule, "a batch of ", 11) == 0;
    printf("%s %" PRIu64 " %" PRIx64 "\n",
           accepted   ? "accepted"
           : in_table ? "cut-table"
                      : "refused",
           alone.events, alone.sum);
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
