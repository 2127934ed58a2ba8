#include "runtime/thread_dump.h"

#include "base/quote.h"

static void put_header(struct buf *out, const struct thread_state *state)
{
    buf_printf(out, "goroutine %d [%s", state->tid, state->activity);
    if (state->wait_seconds >= 60)
        buf_printf(out, ", %lld minutes", (long long)state->wait_seconds / 60);
    if (state->name[0]) {
        buf_str(out, STR(" labels:{\"thread\": "));
        buf_quote(out, str_of(state->name));
        buf_byte(out, '}');
    }
    buf_str(out, STR("]:\n"));
}

static void put_frame(struct buf *out, uint64_t address, const struct code *code)
{
    const struct mapping *mapping = mappings_find(code->mappings, address);
    struct code_symbol symbol;
    bool known = code->find(code, address, &symbol);
    buf_str(out, known ? symbol.name : STR("???"));
    buf_str(out, STR("(...)\n\t"));
    buf_str(out, mapping ? mapping->file : STR("?"));
    buf_str(out, STR(" +0x"));
    buf_hex(out, known ? address - symbol.start : mapping ? address - mapping->start + mapping->offset : address);
    buf_byte(out, '\n');
}

static void put_stack(struct buf *out, const struct snapshot *snapshot, const struct snapshot_sample *sample,
                      const struct code *code)
{
    for (uint32_t i = 0; i < sample->npcs; i++)
        put_frame(out, snapshot->pcs.at[sample->pcs + i] - (i > 0 || !sample->leaf_is_exact), code);
    if (sample->truncated)
        buf_str(out, STR("...additional frames elided...\n"));
}

bool thread_dump_write(struct buf *out, const struct snapshot *snapshot, const struct thread_states *states,
                       const struct code *code)
{
    for (size_t i = 0; i < snapshot->samples.n && i < states->of.n; i++) {
        if (i > 0)
            buf_byte(out, '\n');
        put_header(out, &states->of.at[i]);
        put_stack(out, snapshot, &snapshot->samples.at[i], code);
    }
    return !out->failed;
}
