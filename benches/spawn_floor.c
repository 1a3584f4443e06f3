/* The least a trial can cost: posix_spawn and wait4 of a program with the environment inherited,
   nothing else.
   Prints the mean cost in nanoseconds. Usage: spawn_floor TRIALS PROGRAM */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int trials = atoi(argv[1]);
    char *child_argv[] = {argv[2], NULL};
    double start = now_ns();
    for (int i = 0; i < trials; i++) {
        pid_t pid;
        int status;
        struct rusage usage;
        if (posix_spawn(&pid, argv[2], NULL, NULL, child_argv, environ) != 0) return 1;
        if (wait4(pid, &status, 0, &usage) != pid || status != 0) return 1;
    }
    printf("%.0f\n", (now_ns() - start) / trials);
    return 0;
}
