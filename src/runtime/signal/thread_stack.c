#include "runtime/signal/thread_stack.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/signal/walk.h"

enum phase { phase_free, phase_asked, phase_answering, phase_answered };

struct slot {
    _Atomic uint32_t state;
    struct thread_stack stack;
};

static struct slot slots[thread_stack_slots];
_Atomic uint32_t thread_stack_answers;

static uint32_t state_of(uint16_t generation, enum phase phase)
{
    return (uint32_t)generation << 16 | phase;
}

static enum phase phase_of(uint32_t state)
{
    return state & 0xffff;
}

bool thread_stack_ask(uint32_t slot, uint16_t *generation)
{
    uint32_t state = atomic_load(&slots[slot].state);
    if (phase_of(state) == phase_answering)
        return false;
    *generation = (uint16_t)((state >> 16) + 1);
    atomic_store(&slots[slot].state, state_of(*generation, phase_asked));
    return true;
}

void thread_stack_answer(uint32_t slot, uint16_t generation, void *context)
{
    uint32_t asked = state_of(generation, phase_asked);
    if (slot >= thread_stack_slots)
        return;
    struct slot *own = &slots[slot];
    if (!atomic_compare_exchange_strong(&own->state, &asked, state_of(generation, phase_answering)))
        return;
    own->stack.npcs = walk_context(context, own->stack.pcs, stack_depth, &own->stack.truncated);
    atomic_store(&own->state, state_of(generation, phase_answered));
    atomic_fetch_add(&thread_stack_answers, 1);
    syscall(SYS_futex, &thread_stack_answers, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool thread_stack_answered(uint32_t slot)
{
    return phase_of(atomic_load(&slots[slot].state)) == phase_answered;
}

const struct thread_stack *thread_stack_close(uint32_t slot)
{
    uint32_t state = atomic_load(&slots[slot].state);
    if (phase_of(state) == phase_asked &&
        atomic_compare_exchange_strong(&slots[slot].state, &state, (state & ~0xffffu) | phase_free))
        return NULL;
    return phase_of(state) == phase_answered ? &slots[slot].stack : NULL;
}

void thread_stack_fork_child(void)
{
    for (uint32_t i = 0; i < thread_stack_slots; i++)
        atomic_store(&slots[i].state, atomic_load(&slots[i].state) & ~0xffffu);
}
