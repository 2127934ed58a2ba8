#include "report/weblist_page.h"

#include "report/html.h"

static const char style[] =
    "  <style>\n"
    ":root { color-scheme: light dark; --text: #1d2430; --faint: #8a919e; --paper: #fff; --card: #f6f7f9; --edge: "
    "#dfe3e8;\n"
    "  --hover: #fff3cf; --code: #0b6b3a; --call: #3b3f9e; }\n"
    "@media (prefers-color-scheme: dark) { :root { --text: #dfe3ea; --faint: #7d8593; --paper: #14171c; --card: "
    "#1c2027;\n"
    "  --edge: #323843; --hover: #3a3420; --code: #7fd6a4; --call: #a9adff; } }\n"
    "body { margin: 1.5em 2em 4em; background: var(--paper); color: var(--text); font: 14px/1.5 system-ui, sans-serif; "
    "}\n"
    ".legend { display: inline-block; padding: .7em 1.1em; border: 1px solid var(--edge); border-radius: 6px;\n"
    "  background: var(--card); }\n"
    "h2 { margin: 1.8em 0 0; font: 600 1.15em ui-monospace, monospace; overflow-wrap: anywhere; }\n"
    ".filename { margin: .1em 0 .6em; color: var(--faint); overflow-wrap: anywhere; }\n"
    "pre { margin: 0; padding: .6em .4em; border: 1px solid var(--edge); border-radius: 6px; overflow-x: auto;\n"
    "  font: 12.5px/1.45 ui-monospace, monospace; tab-size: 8; }\n"
    ".line, .nop, .unimportant { color: var(--faint); }\n"
    ".livesrc { cursor: pointer; }\n"
    ".livesrc:hover, .livesrc:has(+ .open) { background: var(--hover); }\n"
    ".inlinesrc { color: var(--call); }\n"
    ".asm { display: none; color: var(--code); }\n"
    ".asm.open { display: inline; }\n"
    "  </style>\n";

/* An instruction's lines begin behind the text of the source line, which ends with a space. */
static const char script[] = "  <script>\n"
                             "function pprof_toggle_asm(event) {\n"
                             "  const source = event.target.closest(\".livesrc\");\n"
                             "  const code = source && source.nextElementSibling;\n"
                             "  if (!code || !code.classList.contains(\"asm\")) return;\n"
                             "  if (!code.dataset.ready) {\n"
                             "    code.prepend(\"\\n\");\n"
                             "    code.lastChild.data = code.lastChild.data.replace(/\\n$/, \"\");\n"
                             "    code.dataset.ready = \"yes\";\n"
                             "  }\n"
                             "  code.classList.toggle(\"open\");\n"
                             "}\n"
                             "  </script>\n";

void weblist_page_put_head(struct buf *out, struct str title)
{
    buf_str(out, STR("<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\">\n  <title>"));
    html_put(out, title);
    buf_str(out, STR("</title>\n"));
    buf_str(out, str_of(style));
    buf_str(out, str_of(script));
    buf_str(out, STR("</head>\n<body>\n"));
}
