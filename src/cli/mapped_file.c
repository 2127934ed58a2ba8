#include "cli/mapped_file.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"

static void on_bus_error(int signal)
{
    static const char line[] = "sonde: a file became shorter while it was read: expected it to stay as it was\n";
    (void)signal;
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(exit_failure);
    _exit(exit_failure);
}

void mapped_file_guard(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_bus_error;
    sigaction(SIGBUS, &action, NULL);
}
