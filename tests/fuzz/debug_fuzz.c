/* Any bytes as a binary: its sections, symbol tables and debug information, asked for addresses all over its code. */
#include "symbol/binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { most_addresses = 512 };

static uint64_t bytes_seen;

static bool look(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    (void)to, (void)index, (void)from_debug;
    for (size_t i = 0; i < n; i++)
        bytes_seen += frames[i].name.n + frames[i].file.n + (uint64_t)frames[i].line;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    uint64_t addresses[most_addresses];
    struct buf error;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    buf_init(&error, mem_libc());
    struct binary *binary = binary_create(path, mem_libc(), &error);
    for (size_t i = 0; i < most_addresses; i++)
        addresses[i] = i * 3;
    if (binary)
        binary_resolve(binary, addresses, most_addresses, false, look, NULL);
    binary_destroy(binary);
    buf_finish(&error);
    close(fd);
    return 0;
}
