#include "trace/pages.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

bool pages_are_of_a_file(struct str bytes)
{
    char line[512]; /* a longer one goes on in the next read, whose begin is no range then */
    uintptr_t first = (uintptr_t)bytes.p, last = first + bytes.n - 1;
    bool are = false;
    FILE *maps = bytes.n > 0 ? fopen("/proc/self/maps", "re") : NULL;
    while (maps && !are && fgets(line, sizeof line, maps)) {
        uintptr_t begin, end;
        uint64_t inode;
        char rights[5];
        are = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*x:%*x %" SCNu64, &begin, &end, rights, &inode) == 4 &&
              begin <= first && last < end && str_equal(str_of(rights), STR("r--p")) && inode != 0;
    }
    if (maps)
        fclose(maps);
    return are;
}

void pages_let_go(struct str bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)bytes.p + page - 1) / page * page, end = ((uintptr_t)bytes.p + bytes.n) / page * page;
    if (first < end)
        madvise((void *)first, end - first, MADV_DONTNEED);
}
