#include "report/html.h"

static struct str escape_of(char c)
{
    switch (c) {
    case '"':
        return STR("&#34;");
    case '&':
        return STR("&amp;");
    case '\'':
        return STR("&#39;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '\0':
        return STR("\xef\xbf\xbd");
    default:
        return (struct str){0};
    }
}

static void put(struct buf *out, struct str text, bool plus)
{
    size_t done = 0;
    for (size_t i = 0; i < text.n; i++) {
        struct str escape = plus && text.p[i] == '+' ? STR("&#43;") : escape_of(text.p[i]);
        if (escape.n == 0)
            continue;
        buf_bytes(out, text.p + done, i - done);
        buf_str(out, escape);
        done = i + 1;
    }
    if (text.n > done)
        buf_bytes(out, text.p + done, text.n - done);
}

void html_put(struct buf *out, struct str text)
{
    put(out, text, true);
}

void html_put_plain(struct buf *out, struct str text)
{
    put(out, text, false);
}
