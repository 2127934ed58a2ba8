#include "runtime/signal/thread_table.h"

#include <stddef.h>

static struct thread *_Atomic chunks[thread_chunks];

struct thread *thread_at(uint32_t index)
{
    if (index >= thread_chunk * thread_chunks)
        return NULL;
    struct thread *chunk = atomic_load_explicit(&chunks[index / thread_chunk], memory_order_acquire);
    return chunk ? &chunk[index % thread_chunk] : NULL;
}

void thread_table_publish(uint32_t chunk, struct thread *entries)
{
    atomic_store_explicit(&chunks[chunk], entries, memory_order_release);
}
