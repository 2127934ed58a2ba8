#include "cli/report_commands.h"

#include <string.h>

#define TOP_USAGE(name)                                                                                                \
    name " [n] [focus_regex]* [-ignore_regex]* [-cum] [>file]\n"                                                       \
         "Shows at most n entries, only samples that match a focus_regex and no ignore_regex.\n"                       \
         "-cum sorts by what an entry and its callees did; >file writes into a file."

#define VIEW_USAGE(name)                                                                                               \
    name " [n] [focus_regex]* [-ignore_regex]* [>file]\n"                                                              \
         "Shows at most n entries, only samples that match a focus_regex and no ignore_regex.\n"                       \
         ">file writes what would be shown into a file."

static const struct report_choice flame_choices[] = {
    {"html", report_flame_html}, {"svg", report_flame_svg}, {NULL, report_flame_html}};

/* In the order of their names, which is the order in which they are listed. */
const struct report_command report_commands[] = {
    {"callgrind", write_report, report_callgrind, false, "callgraph.out", "Write the call graph in callgrind's format",
     TOP_USAGE("callgrind")},
    {"comments", write_report, report_comments, false, NULL, "Print the comments kept in the profile", NULL},
    {"csv", write_report, report_csv, false, NULL, "Print the top entries as comma-separated values", TOP_USAGE("csv")},
    {"disasm", write_report, report_disasm, true, NULL,
     "Print the instructions of functions that match a regexp, with values",
     "disasm func_regex [focus_regex]* [-ignore_regex]* [>file]\n"
     "Shows functions of binaries that match func_regex, only samples that match a focus_regex and no ignore_regex."},
    {"dot", write_report, report_dot, false, NULL, "Print the call graph in graphviz's format", TOP_USAGE("dot")},
    {"eog", write_picture, report_dot, false, "svg", "Show a picture of the call graph in eog", VIEW_USAGE("eog"),
     viewer_eog},
    {"evince", write_picture, report_dot, false, "pdf", "Show a picture of the call graph in evince",
     VIEW_USAGE("evince"), viewer_evince},
    {"flame", write_report, report_flame_html, true, "html", "Write a flame graph, as html or as svg",
     "flame html|svg [focus_regex]* [-ignore_regex]* [>file]\n"
     "Writes one file, which a browser shows: with zoom and search. flame=html does the same.\n"
     "Only samples that match a focus_regex and no ignore_regex.",
     .choices = flame_choices},
    {"folded", write_report, report_folded, false, NULL, "Print folded stacks, as flame graph tools take them", NULL},
    {"gif", write_picture, report_dot, false, "gif", "Write a picture of the call graph, as GIF", TOP_USAGE("gif")},
    {"gv", write_picture, report_dot, false, "ps", "Show a picture of the call graph in gv", VIEW_USAGE("gv"),
     viewer_gv},
    {"json", write_report, report_json, false, NULL, "Print the top entries and the calls between them as JSON",
     TOP_USAGE("json")},
    {"kcachegrind", write_report, report_callgrind, false, "grind", "Show the call graph in KCachegrind",
     VIEW_USAGE("kcachegrind"), viewer_kcachegrind},
    {"list", write_report, report_list, true, NULL, "Print the source of functions that match a regexp, with values",
     "list func_regex [focus_regex]* [-ignore_regex]* [>file]\n"
     "Shows functions that match func_regex, only samples that match a focus_regex and no ignore_regex."},
    {"merge", write_proto, report_raw, false, "pb.gz", "Write one profile out of all sources: the same as proto", NULL},
    {"pdf", write_picture, report_dot, false, "pdf", "Write a picture of the call graph, as PDF", TOP_USAGE("pdf")},
    {"peek", write_report, report_peek, true, NULL, "Print callers and callees of functions that match a regexp",
     "peek func_regex [focus_regex]* [-ignore_regex]* [>file]\n"
     "Shows the callers and callees of functions that match func_regex."},
    {"png", write_picture, report_dot, false, "png", "Write a picture of the call graph, as PNG", TOP_USAGE("png")},
    {"proto", write_proto, report_raw, false, "pb.gz", "Write the profile as gzipped protocol buffer", NULL},
    {"ps", write_picture, report_dot, false, "ps", "Write a picture of the call graph, as PostScript", TOP_USAGE("ps")},
    {"raw", write_report, report_raw, false, NULL, "Print all that the profile holds as text", NULL},
    {"speedscope", write_report, report_speedscope, false, NULL, "Write the stacks in speedscope's format", NULL},
    {"svg", write_svg, report_dot, false, "svg", "Write a picture of the call graph, as SVG", TOP_USAGE("svg")},
    {"tags", write_report, report_tags, false, NULL, "Print the tags of the profile and their values",
     "tags [tag_regex]* [-ignore_regex]* [>file]\n"
     "Lists tags key:value that match a tag_regex and no ignore_regex."},
    {"text", write_report, report_text, false, NULL, "Print the top entries as text", TOP_USAGE("text")},
    {"top", write_report, report_text, false, NULL, "Print the top entries as text", TOP_USAGE("top")},
    {"topproto", write_proto, report_topproto, false, "pb.gz", "Write the top entries as gzipped protocol buffer",
     NULL},
    {"traces", write_report, report_traces, false, NULL, "Print every sample with its stack", NULL},
    {"tree", write_report, report_tree, false, NULL, "Print the call graph as text", TOP_USAGE("tree")},
    {"web", write_svg, report_dot, false, "svg", "Show a picture of the call graph in a browser", VIEW_USAGE("web"),
     viewer_browser},
    {"weblist", write_report, report_weblist, true, "html", "Show source and instructions of functions in a browser",
     "weblist func_regex [focus_regex]* [-ignore_regex]* [>file]\n"
     "Shows functions that match func_regex, only samples that match a focus_regex and no ignore_regex.\n"
     ">file writes what would be shown into a file.",
     viewer_browser},
};
const size_t report_ncommands = sizeof report_commands / sizeof *report_commands;

const struct report_command *report_command_find(const char *name)
{
    for (size_t i = 0; i < report_ncommands; i++) {
        if (strcmp(report_commands[i].name, name) == 0)
            return &report_commands[i];
    }
    return NULL;
}

static const struct report_choice *find_choice(const struct report_command *command, const char *param)
{
    const struct report_choice *choice = command->choices;
    while (choice && choice->word && strcmp(choice->word, param) != 0)
        choice++;
    return choice && choice->word ? choice : NULL;
}

bool report_command_check(const struct report_command *command, const char *param, struct buf *error)
{
    if (!command->choices || find_choice(command, param))
        return true;
    buf_printf(error, "\"%s\" is nothing that %s can make: expected", param, command->name);
    for (const struct report_choice *c = command->choices; c->word; c++)
        buf_printf(error, "%s %s", c == command->choices ? "" : " or", c->word);
    return false;
}

enum report_format report_command_format(const struct report_command *command, const char *param)
{
    const struct report_choice *choice = find_choice(command, param);
    return choice ? choice->format : command->format;
}

const char *report_command_suffix(const struct report_command *command, const char *param)
{
    const struct report_choice *choice = find_choice(command, param);
    return choice ? choice->word : command->file_suffix;
}
