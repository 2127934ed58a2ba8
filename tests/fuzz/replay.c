/* Runs a fuzz target over saved inputs, so that what a fuzzer once found stays found: every file of the folder, whole
 * and cut at each of its first 512 lengths. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { cuts_most = 512, file_largest = 1 << 20 };

static uint8_t file_bytes[file_largest];

/* Feeds size bytes in a block of exactly that size, so that a sanitizer sees a read behind it. */
static void feed(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    if (!copy)
        exit(EXIT_FAILURE);
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    size_t size = fread(file_bytes, 1, sizeof file_bytes, file);
    fclose(file);
    feed(file_bytes, size);
    for (size_t cut = 0; cut < size && cut < cuts_most; cut++)
        feed(file_bytes, cut);
    return 1;
}

int main(int argc, char **argv)
{
    int count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        int good = replay(argv[1], entry->d_name);
        printf("%s %d - %s\n", good ? "ok" : "not ok", ++count, entry->d_name);
    }
    closedir(folder);
    printf("1..%d\n", count);
    return count == 0;
}
