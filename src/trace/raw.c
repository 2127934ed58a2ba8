#include "trace/raw.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/quote.h"
#include "trace/reader.h"
#include "trace/sort.h"

bool trace_raw_init(struct trace_raw *raw, struct str bytes, struct trace_fault *fault)
{
    unsigned version = trace_header_version(bytes, fault);
    if (version == 0)
        return false;
    size_t header = bytes.n < trace_header_size ? bytes.n : trace_header_size;
    *raw = (struct trace_raw){.bytes = cursor_over(bytes.p + header, bytes.n - header, header),
                              .version = version,
                              .types = trace_type_count(version)};
    return true;
}

static unsigned varint_size(uint64_t value)
{
    return value == 0 ? 1 : (unsigned)(70 - __builtin_clzll(value)) / 7;
}

/* What a failed read of a number means. */
enum number { number_read, number_absent, number_broken };

static enum number read_number(struct cursor *c, uint64_t *value, struct trace_fault *fault)
{
    if (cursor_left(c) == 0)
        return number_absent;
    *value = cursor_varint(c);
    if (cursor_ok(c))
        return number_read;
    trace_fault_at(fault, c->fault.offset, "expected %s", c->fault.expected);
    return number_broken;
}

static bool read_frames(struct trace_raw *raw, struct trace_raw_event *event, struct trace_fault *fault)
{
    struct cursor *c = &raw->bytes;
    event->stack = *c;
    event->frames = (int64_t)event->args[1] > 0 ? event->args[1] : 0;
    for (uint64_t i = 0; i < event->frames; i++) {
        for (int k = 0; k < 4; k++) {
            uint64_t value;
            if (read_number(c, &value, fault) != number_read)
                return false;
            event->canonical += varint_size(value);
        }
    }
    event->stack.end = c->p;
    return true;
}

static bool read_data(struct trace_raw *raw, struct trace_raw_event *event, struct trace_fault *fault)
{
    uint64_t size;
    if (read_number(&raw->bytes, &size, fault) != number_read)
        return false;
    if ((int64_t)size < 0)
        size = 0;
    if (size > cursor_left(&raw->bytes))
        return false;
    event->data = cursor_bytes(&raw->bytes, size);
    event->canonical += varint_size(size) + size;
    return true;
}

bool trace_raw_next(struct trace_raw *raw, struct trace_raw_event *event, struct trace_fault *fault)
{
    struct cursor *c = &raw->bytes;
    if (cursor_left(c) == 0)
        return false;
    uint64_t offset = cursor_offset(c);
    *event = (struct trace_raw_event){.type = cursor_u8(c), .canonical = 1};
    if (event->type >= raw->types || event->type == ev_none)
        return trace_fault_at(fault, offset, "type %d is not that of an event", event->type);
    const struct trace_spec *spec = &trace_specs[event->type];
    for (unsigned i = 0; i < spec->nargs; i++) {
        if (read_number(c, &event->args[i], fault) != number_read)
            return false;
        event->canonical += varint_size(event->args[i]);
    }
    return (!spec->is_stack || read_frames(raw, event, fault)) && (!spec->has_data || read_data(raw, event, fault));
}

static void put_argument(struct buf *out, char before, const char *name, uint64_t value)
{
    buf_byte(out, before);
    buf_str(out, str_of(name));
    buf_byte(out, '=');
    buf_uint(out, value);
}

void trace_raw_print(const struct trace_raw_event *event, struct buf *out)
{
    static const char *const fields[] = {"pc", "func", "file", "line"};
    const struct trace_spec *spec = &trace_specs[event->type];
    if (spec->name)
        buf_str(out, str_of(spec->name));
    for (unsigned i = 0; i < spec->nargs; i++)
        put_argument(out, ' ', spec->args[i], event->args[i]);
    struct cursor stack = event->stack;
    for (uint64_t i = 0; i < event->frames * 4; i++) {
        if (i % 4 == 0)
            buf_byte(out, '\n');
        put_argument(out, i % 4 == 0 ? '\t' : ' ', fields[i % 4], cursor_varint(&stack));
    }
    if (event->data.n > 0) {
        buf_bytes(out, "\n\tdata=", 7);
        buf_quote(out, event->data);
    }
    buf_byte(out, '\n');
}

enum { columns = 5, rows = 258 };

/* A table of texts, each row's columns left-aligned and two spaces apart. */
struct footprint {
    char cells[rows][columns][32];
};

static void fill_row(char cells[columns][32], const char *name, uint64_t bytes, double bytes_part, uint64_t count,
                     double count_part)
{
    snprintf(cells[0], 32, "%s", name);
    snprintf(cells[1], 32, "%" PRIu64, bytes);
    snprintf(cells[3], 32, "%" PRIu64, count);
    for (int i = 2; i <= 4; i += 2) {
        double part = i == 2 ? bytes_part : count_part;
        if (part != part)
            snprintf(cells[i], 32, "NaN%%");
        else
            snprintf(cells[i], 32, "%.2f%%", part * 100);
    }
}

static void put_rows(const struct footprint *table, struct buf *out)
{
    size_t width[columns] = {0};
    for (int i = 0; i < rows; i++) {
        for (int k = 0; k < columns - 1; k++) {
            size_t n = str_of(table->cells[i][k]).n + 2;
            width[k] = n > width[k] ? n : width[k];
        }
    }
    for (int i = 0; i < rows; i++) {
        for (int k = 0; k < columns; k++) {
            struct str cell = str_of(table->cells[i][k]);
            buf_str(out, cell);
            if (k < columns - 1)
                buf_fill(out, ' ', (width[k] < 3 ? 3 : width[k]) - cell.n);
        }
        buf_byte(out, '\n');
    }
}

bool trace_raw_footprint(struct str bytes, struct buf *out, struct trace_fault *fault)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    uint64_t count[256] = {0}, size[256] = {0}, total = 0;
    if (!trace_raw_init(&raw, bytes, fault))
        return false;
    for (; trace_raw_next(&raw, &event, fault); total++) {
        count[event.type]++;
        size[event.type] += event.canonical;
    }
    if (fault->set)
        return false;
    struct sort_pair pairs[256];
    for (uint32_t i = 0; i < 256; i++)
        pairs[i] = (struct sort_pair){-(int64_t)size[i], i};
    sort_pairs(pairs, 256);
    struct footprint *table = mem_get(out->mem, sizeof *table);
    if (!table)
        return trace_fault_at(fault, 0, "out of memory");
    static const char *const head[] = {"Event", "Bytes", "%", "Count", "%"};
    for (int k = 0; k < columns; k++) {
        snprintf(table->cells[0][k], 32, "%s", head[k]);
        snprintf(table->cells[1][k], 32, "-");
    }
    for (int i = 0; i < 256; i++) {
        uint32_t type = pairs[i].value;
        char name[32];
        if (type < raw.types)
            snprintf(name, sizeof name, "%s", trace_specs[type].name ? trace_specs[type].name : "");
        else
            snprintf(name, sizeof name, "<unknown (%u)>", type);
        fill_row(table->cells[i + 2], name, size[type], (double)size[type] / (double)bytes.n, count[type],
                 total == 0 ? __builtin_nan("") : (double)count[type] / (double)total);
    }
    put_rows(table, out);
    mem_put(out->mem, table, sizeof *table);
    return true;
}
