/* The executables that a profile's addresses are in, for listings of instructions: opened when they are first asked
 * for, each once. */
#ifndef SONDE_REPORT_CODE_H
#define SONDE_REPORT_CODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "symbol/binary.h"
#include "symbol/instructions.h"
#include "symbol/object.h"

struct code_file {
    struct str path;       /* as the profile has it */
    struct str opened;     /* where it was found: there, or where what a server had was put; ends with NUL */
    struct object *object; /* NULL where it cannot be read */
    struct disassembler *disassembler;
    struct binary *binary; /* its debug information */
    bool disassembler_tried, binary_tried;
    bool placed; /* bias is set, by whoever asks for it */
    uint64_t bias;
    struct buf error; /* why there is no object or disassembler: one line */
};

struct code_files {
    struct mem *mem;
    struct arena *arena;
    bool intel;
    VEC(struct code_file *) files;
    struct debug_server *server; /* of executables that are not here; NULL until one is needed, and for none */
    bool server_sought;
    struct buf notes; /* of the server; not shown: that a file is missing is */
};

/* An instruction of a listing. */
struct code_line {
    uint64_t address; /* the file's */
    struct str text;
    struct str file; /* of the innermost call there; "" where unknown */
    int64_t line;
};

struct code_lines {
    struct buf texts;
    VEC(struct code_line) at;
};

/* Prepares to open files; what is kept of them goes into the arena. */
void code_files_init(struct code_files *files, bool intel, struct arena *arena, struct mem *mem);
void code_files_finish(struct code_files *files);

/* The file of a path. Where it is not here, or is another than that of the build id ("" for not known), servers of
 * debug information are asked for it (symbol/debug_server.h). One that nobody has has no object. NULL on exhaustion. */
struct code_file *code_file(struct code_files *files, struct str path, struct str build_id);

/* Fills `lines` (whose old contents are dropped) with the instructions in [start, end) of a file with an object, with
 * the file and line that Go's own table tells. False with the reason in file->error, or on exhaustion. */
bool code_read(struct code_files *files, struct code_file *file, uint64_t start, uint64_t end,
               struct code_lines *lines);

void code_lines_init(struct code_lines *lines, struct mem *mem);
void code_lines_finish(struct code_lines *lines, struct mem *mem);

/* The debug information of a file, or NULL. */
struct binary *code_binary(struct code_files *files, struct code_file *file);

#endif
