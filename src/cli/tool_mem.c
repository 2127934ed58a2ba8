#include "cli/tool_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* stdio may be what ran out of memory: the line is formatted on the stack and written as it is. */
static _Noreturn void give_up(size_t size)
{
    char line[80];
    int n = snprintf(line, sizeof line, "sonde: out of memory (%zu more bytes were needed)\n", size);
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        _exit(1);
    _exit(1);
}

static void *tool_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    void *p = realloc(block, new_size);
    if (!p)
        give_up(new_size - (new_size > old_size ? old_size : 0));
    return p;
}

struct mem *tool_mem(void)
{
    static struct mem tool = {tool_resize};
    return &tool;
}
