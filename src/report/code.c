#include "report/code.h"

void code_files_init(struct code_files *files, bool intel, struct arena *arena, struct mem *mem)
{
    *files = (struct code_files){.mem = mem, .arena = arena, .intel = intel};
    buf_init(&files->notes, mem);
}

void code_files_finish(struct code_files *files)
{
    for (size_t i = 0; i < files->files.n; i++) {
        struct code_file *file = files->files.at[i];
        binary_destroy(file->binary);
        disassembler_destroy(file->disassembler);
        object_destroy(file->object);
        buf_finish(&file->error);
    }
    vec_finish(&files->files, files->mem);
    debug_server_destroy(files->server);
    buf_finish(&files->notes);
}

static struct debug_server *find_server(struct code_files *files)
{
    if (!files->server_sought)
        files->server = debug_server_create(files->mem, NULL, NULL, &files->notes);
    files->server_sought = true;
    return files->server;
}

/* Takes the executable that a server has under a build id in the place of what is here. */
static void fetch(struct code_files *files, struct code_file *file, struct str build_id)
{
    struct debug_server *server = find_server(files);
    struct buf path, unused;
    buf_init(&path, files->mem);
    buf_init(&unused, files->mem);
    if (debug_server_find(server, debug_server_executable, build_id, &path)) {
        struct object *object = object_create(path.p, server, files->mem, &unused);
        struct str opened = arena_str(files->arena, str_of(path.p));
        if (object && opened.p && str_equal(object_build_id(object), build_id)) {
            object_destroy(file->object);
            file->object = object;
            file->opened = opened;
        } else {
            object_destroy(object);
        }
    }
    buf_finish(&unused);
    buf_finish(&path);
}

struct code_file *code_file(struct code_files *files, struct str path, struct str build_id)
{
    for (size_t i = 0; i < files->files.n; i++) {
        if (str_equal(files->files.at[i]->path, path))
            return files->files.at[i];
    }
    struct code_file *file = arena_new(files->arena, struct code_file, 1);
    struct str name = arena_str(files->arena, path);
    if (!file || !name.p)
        return NULL;
    file->path = file->opened = name;
    buf_init(&file->error, files->mem);
    file->object = object_create(name.p, find_server(files), files->mem, &file->error);
    if (build_id.n > 0 && !(file->object && str_equal(object_build_id(file->object), build_id)))
        fetch(files, file, build_id);
    if ((!file->object && file->error.n == 0) || !vec_push(&files->files, files->mem, file)) {
        object_destroy(file->object);
        buf_finish(&file->error);
        return NULL;
    }
    return file;
}

struct binary *code_binary(struct code_files *files, struct code_file *file)
{
    struct buf unused;
    if (file->binary_tried)
        return file->binary;
    file->binary_tried = true;
    buf_init(&unused, files->mem);
    file->binary = binary_create(file->opened.p, files->mem, &unused);
    if (file->binary)
        binary_set_server(file->binary, find_server(files));
    buf_finish(&unused);
    return file->binary;
}

void code_lines_init(struct code_lines *lines, struct mem *mem)
{
    *lines = (struct code_lines){0};
    buf_init(&lines->texts, mem);
}

void code_lines_finish(struct code_lines *lines, struct mem *mem)
{
    buf_finish(&lines->texts);
    vec_finish(&lines->at, mem);
}

static bool take_instruction(void *to, const struct instruction *instruction)
{
    struct code_lines *lines = to;
    /* Where the text is in the buffer is known once that grows no more: until then its length alone is kept. */
    struct code_line line = {.address = instruction->address, .text = {NULL, instruction->text.n}, .file = STR("")};
    buf_str(&lines->texts, instruction->text);
    return !lines->texts.failed && vec_push(&lines->at, lines->texts.mem, line);
}

/* Gives the lines their texts, and their places by Go's table. */
static void settle(struct code_lines *lines, const struct pclntab *table)
{
    size_t at = 0;
    struct pclntab_walk walk = {.table = table};
    for (size_t i = 0; i < lines->at.n; i++) {
        struct code_line *line = &lines->at.at[i];
        struct pclntab_place place;
        line->text.p = lines->texts.p + at;
        at += line->text.n;
        if (!table || !pclntab_walk_to(&walk, line->address, &place))
            continue;
        line->file = place.file;
        line->line = place.line;
    }
}

bool code_read(struct code_files *files, struct code_file *file, uint64_t start, uint64_t end, struct code_lines *lines)
{
    if (!file->disassembler_tried)
        file->disassembler = disassembler_create(file->object, files->intel, files->mem, &file->error);
    file->disassembler_tried = true;
    lines->texts.n = lines->at.n = 0;
    object_clip(file->object, &start, &end);
    if (!file->disassembler || !disassemble(file->disassembler, start, end, take_instruction, lines))
        return false;
    settle(lines, object_pclntab(file->object));
    return true;
}
