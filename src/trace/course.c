#include "trace/course.h"

static void halve(struct course *t)
{
    for (int i = 0; i < course_parts / 2; i++)
        t->part[i] = t->part[2 * i] + t->part[2 * i + 1];
    for (int i = course_parts / 2; i < course_parts; i++)
        t->part[i] = 0;
    t->length *= 2;
}

void course_add(struct course *t, int64_t begin, int64_t from, int64_t to)
{
    if (t->length == 0) {
        t->begin = begin;
        t->length = course_first;
    }
    uint64_t start = (uint64_t)from - (uint64_t)t->begin, end = (uint64_t)to - (uint64_t)t->begin;
    if (from < t->begin || to <= from || end > INT64_MAX / 4)
        return;
    while (end / (uint64_t)t->length >= course_parts)
        halve(t);
    uint64_t length = (uint64_t)t->length, first = start / length, last = end / length;
    if (first == last) {
        t->part[first] += (double)(end - start);
        return;
    }
    t->part[first] += (double)((first + 1) * length - start);
    for (uint64_t i = first + 1; i < last; i++)
        t->part[i] += (double)length;
    t->part[last] += (double)(end - last * length);
}

double course_sum(const struct course *t, int64_t from, int64_t to)
{
    double sum = 0, length = (double)t->length;
    double start = (double)(from - t->begin), end = (double)(to - t->begin);
    for (int i = 0; i < course_parts && t->length > 0; i++) {
        double left = i * length, right = left + length;
        double low = start > left ? start : left, high = end < right ? end : right;
        sum += high > low ? t->part[i] * (high - low) / length : 0;
    }
    return sum;
}
