/* Built by addresses_test.py: functions within functions, computed jumps, an assembler's function without a size. */
#include <stdio.h>
#include <stdlib.h>

__asm__(".text\n.globl from_assembler\n.type from_assembler, @function\nfrom_assembler:\n  mov %rdi, %rax\n  ret\n");
long from_assembler(long x);

static inline long square(long x)
{
    return x * x;
}

static int by_size(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

__attribute__((noinline)) static long sum(const long *values, int n)
{
    long total = 0;
#ifndef __clang__
    __attribute__((noinline)) long add(long x)
    {
        total += square(x);
        return total;
    }
    for (int i = 0; i < n; i++)
        add(values[i]);
#else
    for (int i = 0; i < n; i++)
        total += square(values[i]);
#endif
    return total;
}

int main(int argc, char **argv)
{
    long values[16];
    (void)argv;
    for (int i = 0; i < 16; i++)
        values[i] = from_assembler(rand() % 100 * argc);
    qsort(values, 16, sizeof *values, by_size);
    printf("%ld\n", sum(values, 16));
}
