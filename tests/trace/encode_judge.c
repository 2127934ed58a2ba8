/* Our judgement of text forms of traces, in the form of wire.go, which says what is read and printed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/text.h"

int main(void)
{
    char digits[9] = {0};
    while (fread(digits, 1, 8, stdin) == 8) {
        size_t n = strtoul(digits, NULL, 16);
        char *text = malloc(n + (n == 0));
        struct trace_fault fault = {0};
        struct buf out;
        buf_init(&out, mem_libc());
        if (fread(text, 1, n, stdin) != n)
            return 1;
        uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a */
        if (trace_text_encode((struct str){text, n}, &out, &fault)) {
            for (size_t i = 0; i < out.n; i++)
                sum = (sum ^ (unsigned char)out.p[i]) * 0x100000001b3u;
            printf("%" PRIx64 "\n", sum);
        } else {
            printf("refused\n");
        }
        buf_finish(&out);
        free(text);
    }
    return 0;
}
