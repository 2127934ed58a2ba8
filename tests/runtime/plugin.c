/* A module to load and unload while it is being watched. */
int plugin_call(int (*callback)(void *), void *context);
int plugin_number(void);

static __attribute__((noinline)) int plugin_inner(int (*callback)(void *), void *context)
{
    volatile char block[100];
    block[0] = 1;
    return callback(context) + block[0] - 1;
}

int plugin_call(int (*callback)(void *), void *context)
{
    int result = plugin_inner(callback, context);
    __asm__ volatile("");
    return result;
}

int plugin_number(void)
{
    return 1;
}
