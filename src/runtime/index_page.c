#include "runtime/index_page.h"

#include "http/response.h"
#include "runtime/profiles.h"

struct entry {
    const char *name, *description;
};

/* In the order of their names. */
static const struct entry entries[] = {
    {"allocs",
     "Where memory was allocated since the program began, freed memory included, from a sample of all blocks."},
    {"block", "Where threads waited for locks and conditions."},
    {"cmdline", "The arguments that the program was started with, separated by NUL bytes."},
    {"goroutine", "The stacks of all threads, under the name that the tools know. With debug=2 each thread has its own "
                  "stack with its name and state."},
    {"heap", "Where the memory was allocated that is in use now, from a sample of all blocks. With gc=1 free memory is "
             "given back to the kernel first."},
    {"mutex", "Where locks were given back that others were waiting for."},
    {"profile",
     "Where CPU time is spent, measured for as long as seconds= says, or 30 seconds. Open the file with sonde "
     "pprof or go tool pprof."},
    {"symbol",
     "The names of functions at given addresses, which stand in the query or in the body of a POST, separated "
     "by '+'."},
    {"threadcreate", "Where threads were created."},
};

enum { nentries = sizeof entries / sizeof *entries };

static const char head[] = "<html>\n"
                           "<head>\n"
                           "<title>/debug/pprof/</title>\n"
                           "<style>\n"
                           ".profile-name{\n"
                           "\tdisplay:inline-block;\n"
                           "\twidth:6rem;\n"
                           "}\n"
                           "</style>\n"
                           "</head>\n"
                           "<body>\n"
                           "/debug/pprof/\n"
                           "<br>\n"
                           "<p>Add debug=1 to a profile's query to read it as text</p>\n"
                           "<br>\n"
                           "Types of profiles available:\n"
                           "<table>\n"
                           "<thead><td>Count</td><td>Profile</td></thead>\n";

static const char middle[] = "</table>\n"
                             "<a href=\"goroutine?debug=2\">all threads with their stacks</a>\n"
                             "<br>\n"
                             "<p>\n"
                             "Profile Descriptions:\n"
                             "<ul>\n";

static const char foot[] = "</ul>\n"
                           "</p>\n"
                           "</body>\n"
                           "</html>";

static uint64_t count_of(const char *name)
{
    enum profile_kind kind;
    return profile_kind_of(str_of(name), &kind) ? profiles_count(kind) : 0;
}

void index_page_write(struct buf *out)
{
    buf_str(out, STR(head));
    for (int i = 0; i < nentries; i++)
        buf_printf(out, "<tr><td>%llu</td><td><a href='%s?debug=1'>%s</a></td></tr>\n",
                   (unsigned long long)count_of(entries[i].name), entries[i].name, entries[i].name);
    buf_str(out, STR(middle));
    for (int i = 0; i < nentries; i++) {
        buf_printf(out, "<li><div class=profile-name>%s: </div> ", entries[i].name);
        http_put_html(out, str_of(entries[i].description));
        buf_str(out, STR("</li>\n"));
    }
    buf_str(out, STR(foot));
}
