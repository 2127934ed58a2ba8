#include "profile/foreign.h"

#include <math.h>

#include "profile/foreign_json.h"
#include "profile/v8.h"

uint32_t *foreign_json_frames(struct foreign_json *f, uint64_t depth)
{
    if (depth > f->frames_left) {
        foreign_json_fail(f, 0, "stacks that are less deep for so small a file");
        return NULL;
    }
    f->frames_left -= depth;
    uint32_t *frames = assembly_frames(&f->assembly, depth);
    if (!frames)
        foreign_json_exhausted(f);
    return frames;
}

bool foreign_json_scaled(const struct foreign_json *f, uint32_t number, double factor, int64_t *value)
{
    double scaled;
    if (!json_double(&f->json, number, &scaled))
        return false;
    scaled = round(scaled * factor);
    if (!(scaled >= -0x1p63 && scaled < 0x1p63))
        return false;
    *value = (int64_t)scaled;
    return true;
}

static enum foreign_result read_tree(struct foreign_json *f, struct mem *mem, struct profile *out)
{
    enum foreign_result result = foreign_other;
    uint32_t events;
    if (!assembly_init(&f->assembly, mem))
        return foreign_json_exhausted(f);
    if (json_member(&f->json, 0, STR("shared")) != 0)
        result = foreign_read_speedscope(f);
    else if (json_member(&f->json, 0, STR("nodes")) != 0 || json_member(&f->json, 0, STR("head")) != 0)
        result = foreign_read_v8(f);
    else if (foreign_is_chrome_trace(&f->json, &events))
        result = foreign_read_chrome_trace(f, events);
    if (result == foreign_done && !assembly_hand_over(&f->assembly, out))
        result = foreign_json_exhausted(f);
    return result;
}

enum foreign_result foreign_read_json(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    const uint64_t frames_per_byte = 16, frames_always = 1 << 20;
    struct foreign_json f = {.fault = fault, .frames_left = text.n * frames_per_byte + frames_always};
    size_t i = 0;
    while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\t' || text.p[i] == '\r'))
        i++;
    if (i == text.n || (text.p[i] != '{' && text.p[i] != '['))
        return foreign_other;
    f.assembly.mem = mem;
    if (!json_parse(text, mem, &f.json, fault))
        return foreign_broken;
    enum foreign_result result = read_tree(&f, mem, out);
    assembly_finish(&f.assembly);
    json_finish(&f.json);
    return result;
}

enum foreign_result foreign_read(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    enum foreign_result result = foreign_read_json(text, mem, out, fault);
    if (result == foreign_other)
        result = foreign_read_perf_script(text, mem, out, fault);
    if (result == foreign_other)
        result = foreign_read_folded(text, mem, out, fault);
    return result;
}
