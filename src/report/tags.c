/* -tags: how much of the total carries each value of each label. */
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "profile/measure.h"
#include "report/columns.h"
#include "report/job.h"
#include "report/number.h"

/* One value of a key. Numbers that print alike are one value. */
struct tag {
    struct str text;
    int64_t weight;
};

struct tag_key {
    uint32_t key; /* string of the profile */
    int64_t weight;
    struct map texts, numbers;   /* string, or number: its place in tags */
    struct str_map number_texts; /* text of a number or string: its place in tags; filled once there are numbers */
    VEC(struct tag) tags;
};

struct tag_table {
    struct job *job;
    VEC(struct tag_key) keys;
    struct map places; /* string: its place in keys */
};

/* The key's place, made where it is new; NULL on exhaustion. */
static struct tag_key *find_key(struct tag_table *table, uint32_t key)
{
    struct mem *mem = table->job->mem;
    uint32_t *place = map_add(&table->places, key, (uint32_t)table->keys.n);
    if (!place)
        return NULL;
    if (*place == table->keys.n) {
        struct tag_key fresh = {.key = key};
        map_init(&fresh.texts, mem);
        map_init(&fresh.numbers, mem);
        str_map_init(&fresh.number_texts, mem);
        if (!vec_push(&table->keys, mem, fresh))
            return NULL;
    }
    return &table->keys.at[*place];
}

/* The place of a value that prints as this text, made where it is new; NULL on exhaustion. */
static uint32_t *find_text(struct tag_table *table, struct tag_key *key, struct str text)
{
    uint32_t *place = str_map_add(&key->number_texts, text, (uint32_t)key->tags.n);
    if (place && *place == key->tags.n && !vec_push(&key->tags, table->job->mem, (struct tag){text, 0}))
        return NULL;
    return place;
}

static struct str number_text(struct tag_table *table, const struct profile_label *label)
{
    struct job *job = table->job;
    struct buf text;
    buf_init(&text, job->mem);
    measure_put_scaled(&text, label->num, job_label_unit(job, job->profile->strings[label->key]), job->figures.to);
    struct str kept = text.failed ? (struct str){0} : arena_str(&job->arena, buf_text(&text));
    buf_finish(&text);
    return kept;
}

/* The tag of a label's value; NULL on exhaustion. */
static struct tag *find_tag(struct tag_table *table, struct tag_key *key, const struct profile_label *label)
{
    struct map *known = label->is_num ? &key->numbers : &key->texts;
    uint64_t value = label->is_num ? (uint64_t)label->num : label->str;
    uint32_t *place = map_find(known, value);
    if (!place) {
        struct str text = label->is_num ? number_text(table, label) : table->job->profile->strings[label->str];
        uint32_t *by_text = text.p ? find_text(table, key, text) : NULL;
        place = by_text ? map_add(known, value, *by_text) : NULL;
    }
    return place ? &key->tags.at[*place] : NULL;
}

static bool add_sample(struct tag_table *table, uint32_t sample)
{
    const struct profile *profile = table->job->profile;
    int64_t value = profile->values[(size_t)sample * profile->nsample_types + table->job->options->sample_index];
    for (uint64_t i = profile->label_start[sample]; i < profile->label_start[sample + 1]; i++) {
        struct tag_key *key = find_key(table, profile->labels[i].key);
        struct tag *tag = key ? find_tag(table, key, &profile->labels[i]) : NULL;
        if (!tag)
            return false;
        tag->weight = number_add(tag->weight, value);
        key->weight = number_add(key->weight, value);
    }
    return true;
}

static int heavier_first(const void *left, const void *right)
{
    const struct tag *a = left, *b = right;
    int64_t x = number_abs(a->weight), y = number_abs(b->weight);
    if (x != y)
        return x > y ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return str_compare(a->text, b->text);
}

static int by_key(const void *left, const void *right, void *context)
{
    const struct tag_key *a = left, *b = right;
    const struct profile *profile = context;
    return str_compare(profile->strings[a->key], profile->strings[b->key]);
}

static void put_tag(struct job *job, struct buf *text, const struct tag *tag)
{
    buf_str(text, STR(" \t"));
    figure_put(text, &job->figures, tag->weight);
    if (job->basis->total > 0) {
        buf_str(text, STR(" ("));
        figure_put_percentage(text, &job->figures, tag->weight, job->basis->total);
        buf_byte(text, ')');
    }
    buf_str(text, STR(":\t "));
    buf_str(text, tag->text);
    buf_byte(text, '\n');
}

static void put_key(struct job *job, struct buf *text, struct tag_key *key)
{
    buf_str(text, job->profile->strings[key->key]);
    buf_str(text, STR(":\t Total "));
    figure_put(text, &job->figures, key->weight);
    buf_str(text, STR(" of "));
    figure_put(text, &job->figures, job->basis->total);
    if (job->basis->total > 0) {
        buf_str(text, STR(" ("));
        figure_put_percentage(text, &job->figures, key->weight, job->basis->total);
        buf_byte(text, ')');
    }
    buf_byte(text, '\n');
    qsort(key->tags.at, key->tags.n, sizeof *key->tags.at, heavier_first);
    for (size_t i = 0; i < key->tags.n; i++)
        put_tag(job, text, &key->tags.at[i]);
    buf_byte(text, '\n');
}

static bool put_table(struct tag_table *table)
{
    struct job *job = table->job;
    struct buf text;
    buf_init(&text, job->mem);
    if (table->keys.n > 0)
        qsort_r(table->keys.at, table->keys.n, sizeof *table->keys.at, by_key, (void *)(uintptr_t)job->profile);
    for (size_t i = 0; i < table->keys.n; i++)
        put_key(job, &text, &table->keys.at[i]);
    bool good = !text.failed && columns_put(job->out, buf_text(&text), job->mem);
    buf_finish(&text);
    return good;
}

static void finish_keys(struct tag_table *table)
{
    for (size_t i = 0; i < table->keys.n; i++) {
        struct tag_key *key = &table->keys.at[i];
        map_finish(&key->texts);
        map_finish(&key->numbers);
        str_map_finish(&key->number_texts);
        vec_finish(&key->tags, table->job->mem);
    }
    vec_finish(&table->keys, table->job->mem);
    map_finish(&table->places);
}

bool tags_write(struct job *job)
{
    struct tag_table table = {.job = job};
    map_init(&table.places, job->mem);
    bool good = true;
    for (uint32_t i = 0; good && i < job->profile->nsamples; i++)
        good = add_sample(&table, i);
    good = good && put_table(&table);
    finish_keys(&table);
    return good;
}
