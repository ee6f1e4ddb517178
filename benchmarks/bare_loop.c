// SPDX-License-Identifier: Apache-2.0
// A loop that does nothing but wake up at absolute deadlines: what machine and kernel give at best.
//
//     bare_loop RATE_HZ STEPS PRIORITY
//
// Writes how late each step woke [ns, int64]; PRIORITY 0 is the normal one, else SCHED_FIFO's.

#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int count, char **arguments)
{
    if (count != 4) return 2;
    const int64_t period = (int64_t)(1e9 / atof(arguments[1]));
    const long steps = atol(arguments[2]);
    const struct sched_param priority = {.sched_priority = atoi(arguments[3])};
    int64_t *late = calloc((size_t)steps, sizeof *late);
    if (!late) return 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // with the benchmark, however that ends
    mlockall(MCL_CURRENT | MCL_FUTURE);
    if (priority.sched_priority && sched_setscheduler(0, SCHED_FIFO, &priority)) {
        perror("bare_loop: no real-time priority");
    }
    int64_t deadline = now_ns();
    for (long i = 0; i < steps; i++) {
        deadline += period;
        const struct timespec until = {deadline / 1000000000, deadline % 1000000000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)) { }
        late[i] = now_ns() - deadline;
    }
    return fwrite(late, sizeof *late, (size_t)steps, stdout) == (size_t)steps ? 0 : 1;
}
