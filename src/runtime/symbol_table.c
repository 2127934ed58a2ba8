#include "runtime/symbol_table.h"

#include "http/query.h"
#include "runtime/modules.h"
#include "runtime/symbols.h"

/* The size of Go's buffered reader: a longer word is an error there, and what follows is not read. */
enum { word_most = 4096 };

static void put_symbol(struct buf *out, struct str word)
{
    uint64_t pc;
    struct symbol symbol;
    http_parse_uint(word, &pc);
    if (pc == 0 || !symbols_find(pc, &symbol))
        return;
    buf_str(out, STR("0x"));
    buf_hex(out, pc);
    buf_byte(out, ' ');
    buf_str(out, symbol.name);
    buf_byte(out, '\n');
}

void symbol_table_write(struct buf *out, struct str question)
{
    modules_refresh();
    buf_str(out, STR("num_symbols: 1\n"));
    for (bool more = true; more;) {
        size_t end = str_find(str_first(question, word_most), STR("+"), 0);
        if (end == word_most) {
            buf_str(out, STR("reading request: bufio: buffer full\n"));
            return;
        }
        more = end < question.n;
        put_symbol(out, str_first(question, end));
        question = str_skip(question, end + 1);
    }
}
