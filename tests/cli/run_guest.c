/* A program for `sonde run` that does what its first argument says. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void say_bye(void)
{
    puts("bye");
}

static void *say_late(void *argument)
{
    usleep(100000);
    puts("late");
    return argument;
}

/* The main thread leaves, and the program goes on until its other thread ends. */
static int leave(void)
{
    pthread_t thread;
    atexit(say_bye);
    if (pthread_create(&thread, NULL, say_late, NULL) != 0)
        return 1;
    pthread_exit(NULL);
}

static int show_environment(char **environment)
{
    for (; *environment; environment++)
        if (strncmp(*environment, "SONDE", 5) == 0 || strncmp(*environment, "LD_", 3) == 0)
            puts(*environment);
    return 0;
}

/* What a child, and then another program in our place, find of the server. */
static int start_others(char **argv)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        printf("child %d\n", socket(AF_UNIX, SOCK_STREAM, 0));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    execl(argv[0], argv[0], "environment", (char *)NULL);
    return 1;
}

static int wait_for_input(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 7;
}

int main(int argc, char **argv, char **environment)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "leave") == 0)
        return leave();
    if (strcmp(what, "environment") == 0)
        return show_environment(environment);
    if (strcmp(what, "others") == 0)
        return start_others(argv);
    if (strcmp(what, "wait") == 0)
        return wait_for_input();
    if (strcmp(what, "die") == 0)
        raise(SIGKILL);
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    return 3;
}
