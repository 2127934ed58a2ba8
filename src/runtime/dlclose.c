/* Stands in front of dlclose: what is about to go away is recorded first, and what went away is taken out of use
 * before anything else is loaded in its place. */
#include <dlfcn.h>
#include <stdatomic.h>

#include "runtime/interposed.h"
#include "runtime/modules.h"
#include "runtime/real.h"

INTERPOSED int dlclose(void *handle)
{
    static int (*_Atomic next)(void *);
    int (*real_dlclose)(void *) = atomic_load_explicit(&next, memory_order_relaxed);
    if (!real_dlclose) {
        real_dlclose = (int (*)(void *))real_next("dlclose");
        atomic_store_explicit(&next, real_dlclose, memory_order_relaxed);
    }
    if (!real_dlclose)
        return -1; /* there is a dlclose wherever there is a handle */
    bool watched = modules_current()->n > 0;
    if (watched)
        modules_note();
    int result = real_dlclose(handle);
    if (watched)
        modules_note();
    return result;
}
