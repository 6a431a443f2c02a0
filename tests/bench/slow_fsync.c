/* Adds RONDE_BENCH_FSYNC_US microseconds to every sync, as a slower disk would: for LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

static void wait_more(void)
{
    static long extra_us = -1;
    if (extra_us < 0) {
        const char *text = getenv("RONDE_BENCH_FSYNC_US");
        extra_us = text ? atol(text) : 0;
    }
    struct timespec pause = {extra_us / 1000000, extra_us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

int fsync(int file)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_more();
    return next(file);
}

int fdatasync(int file)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_more();
    return next(file);
}

int sync_file_range(int file, off64_t begin, off64_t length, unsigned int flags)
{
    int (*next)(int, off64_t, off64_t, unsigned int) =
        (int (*)(int, off64_t, off64_t, unsigned int))dlsym(RTLD_NEXT, "sync_file_range");
    wait_more();
    return next(file, begin, length, flags);
}
