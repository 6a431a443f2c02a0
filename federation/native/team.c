/* A second processor: one more thread that does its half of each piece of work.
 *
 * Both halves write apart, or what they write does not depend on who is first: the answer is the
 * same with one processor, and where no thread is to be had the caller does both halves.
 */
#include "kernel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Looks before going to sleep, about 50 µs; and the nodes of a graph that is worth a thread. */
#define PATIENCE 4000
#define MANY 10000
#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

struct team {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    half_of *work;
    void *what;
    atomic_int asked;
    int ended, alone;
};

/* Steps follow one another within some ten microseconds, and being woken takes as long: look a while
 * before going to sleep. */
static void await(team *t, int asked)
{
    for (int look = 0; look < PATIENCE; look++) {
        if (atomic_load_explicit(&t->asked, memory_order_acquire) == asked)
            return;
        PAUSE();
    }
    pthread_mutex_lock(&t->lock);
    while (t->asked != asked)
        pthread_cond_wait(&t->turn, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static void say(team *t, int asked)
{
    pthread_mutex_lock(&t->lock);
    t->asked = asked;
    pthread_cond_signal(&t->turn);
    pthread_mutex_unlock(&t->lock);
}

static void *second(void *given)
{
    team *t = given;
    while (1) {
        await(t, 1);
        if (t->ended)
            return NULL;
        t->work(t->what, 1);
        say(t, 0);
    }
}

/* Returns NULL when there is no memory. */
team *gather_team(int32_t nodes)
{
    team *t = calloc(1, sizeof(team));
    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->turn, NULL);
    t->alone = nodes < MANY || sysconf(_SC_NPROCESSORS_ONLN) < 2
               || pthread_create(&t->thread, NULL, second, t);
    return t;
}

/* Do both halves of some work; what it wrote is there when this returns. */
void both(team *t, half_of *work, void *what)
{
    if (t->alone) {
        work(what, 0);
        work(what, 1);
        return;
    }
    t->work = work;
    t->what = what;
    say(t, 1);
    work(what, 0);
    await(t, 0);
}

void dismiss(team *t)
{
    if (!t)
        return;
    if (!t->alone) {
        t->ended = 1;
        say(t, 1);
        pthread_join(t->thread, NULL);
    }
    pthread_cond_destroy(&t->turn);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
