/* What runs by itself when libsonde is loaded. Alone in its file: the libraries hold every object, while the tests,
 * which link only what they call, start what they need when they need it. */
#include "runtime/start.h"

/* Before the constructors of the program, and of the libraries that the linker puts after us. In a program linked with
 * libsonde.a this is one of its own first constructors. */
__attribute__((constructor(101))) static void construct(void)
{
    start_ensure();
}
