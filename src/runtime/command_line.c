#include "runtime/command_line.h"

#include "base/buf.h"
#include "runtime/pages.h"

static struct buf line;

void command_line_remember(int argc, char *const *argv)
{
    buf_init(&line, pages_mem());
    for (int i = 0; i < argc && argv[i]; i++) {
        if (i > 0)
            buf_byte(&line, '\0');
        buf_str(&line, str_of(argv[i]));
    }
}

struct str command_line(void)
{
    return buf_text(&line);
}
