/* -weblist: source lines with the instructions that were made of them, as a page. What go tool pprof gathers for it
 * (google/pprof internal/report/source.go): samples by address; stretches of code around the addresses of interest,
 * read instruction by instruction; these by file and line of every function of interest that they are (inlined) in. */
#ifndef SONDE_REPORT_WEBLIST_H
#define SONDE_REPORT_WEBLIST_H

#include "base/map.h"
#include "base/vec.h"
#include "report/code.h"
#include "report/job.h"
#include "report/source.h"

/* An address of the process that samples hold. */
struct weblist_sample {
    uint64_t address;
    int64_t flat, cum;
    uint32_t location;      /* one with this address, where it is of interest; else PROFILE_NONE */
    struct code_file *file; /* NULL where there is no executable to read */
};

struct weblist_instruction {
    uint64_t address; /* the process's */
    uint64_t object_address;
    uint32_t length;
    struct str text; /* n is 0 where there is no executable: a sample alone */
    struct str file; /* of the innermost call */
    int64_t line;
    int64_t flat, cum;
};

/* A call: where the next inner one is called. */
struct weblist_call {
    struct str file;
    int64_t line;
};

/* An instruction under a line. */
struct weblist_item {
    int64_t line;
    uint32_t order; /* in which it was found */
    uint32_t instruction;
    uint32_t calls, ncalls; /* from here to the instruction, outermost first: weblist.calls */
    struct str function;
};

struct weblist_file {
    struct str name;
    VEC(struct weblist_item) items;
};

struct weblist {
    struct job *job;
    struct code_files code;
    struct code_lines lines; /* scratch */
    struct source_reader reader;
    uint64_t next_synthetic;
    uint64_t *synthetic; /* per location without an address: one that nothing else has; 0 where none was needed */
    bool *matched;       /* per function: the name, or the file, matches */
    bool *mapping_matched;
    struct map sample_of; /* address to sample */
    VEC(struct weblist_sample) samples;
    struct str_map interest; /* names of functions */
    struct str_map pretty;   /* from linkers' names to strings of the profile */
    struct map instruction_of;
    VEC(struct weblist_instruction) instructions;
    VEC(struct weblist_call) calls;
    struct str_map file_of;
    VEC(struct weblist_file) files;
};

void weblist_init(struct weblist *list, struct job *job);
void weblist_finish(struct weblist *list);

/* Fills all of it. False with a line in job->error (none on exhaustion). */
bool weblist_gather(struct weblist *list);

#endif
