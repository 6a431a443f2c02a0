/* Maximum flow from surpluses to deficits by push and relabel, the highest label first.
 *
 * Surplus that no deficit can be reached from stays where it is: the next phase takes it up there,
 * so no flow is ever led back. Source: Goldberg and Tarjan 1988; Cherkassky and Goldberg 1997.
 */
#include "kernel.h"

/* Measured on trade networks of a million members: arcs looked at between two exact labellings, per
 * arc, and how far above the highest of them a label may rise before it is taken for lost. */
#define PATIENCE 2
#define SLACK 8
#define STEP 16

typedef struct {
    const tight_graph *t;
    int32_t top, low, ceiling;
    int64_t *excess;
    int32_t *label, *current, *bucket, *next, *queue;
    unsigned char *seen; /* one bit a node: the search stays in the nearest cache */
} wave;

static void wake(wave *w, int32_t v)
{
    int32_t h = w->label[v];
    w->next[v] = w->bucket[h];
    w->bucket[h] = v;
    if (h > w->top)
        w->top = h;
    if (h < w->low)
        w->low = h;
}

/* Ask for what the search will read some steps later: it waits for memory more than it works. */
static void look_ahead(const wave *w, int32_t ahead, int32_t behind)
{
    const tight_graph *t = w->t;
    if (ahead + 3 * STEP >= behind)
        return;
    __builtin_prefetch(&t->off[w->queue[ahead + 3 * STEP]]);
    int32_t v = w->queue[ahead + 2 * STEP], k = t->off[v];
    __builtin_prefetch(&t->open[k]);
    __builtin_prefetch(&t->to[k]);
    __builtin_prefetch(&w->excess[v]);
    v = w->queue[ahead + STEP];
    for (k = t->off[v]; k < t->off[v + 1]; k++)
        if (t->open[k])
            __builtin_prefetch(&w->label[t->to[k]]);
}

/* Exact labels: the fewest arcs to a deficit; FAR where none is in reach. */
static void relabel_all(wave *w)
{
    const tight_graph *t = w->t;
    int32_t n = t->nodes, ahead = 0, behind = 0;
    memset(w->seen, 0, ((size_t)n >> 3) + 1);
    for (int32_t v = 0; v < n; v++) {
        w->label[v] = FAR;
        w->bucket[v] = -1;
        if (w->excess[v] < 0) {
            w->label[v] = 0;
            w->seen[v >> 3] |= (unsigned char)(1 << (v & 7));
            w->queue[behind++] = v;
        }
    }
    w->top = -1;
    w->low = 0;
    while (ahead < behind) {
        look_ahead(w, ahead, behind);
        int32_t v = w->queue[ahead++], h = w->label[v] + 1;
        w->current[v] = t->off[v];
        if (w->excess[v] > 0)
            wake(w, v);
        for (int32_t k = t->off[v]; k < t->off[v + 1]; k++) {
            if (!t->open[k])
                continue;
            int32_t u = t->to[k];
            if (w->label[u] != FAR)
                continue;
            w->label[u] = h;
            w->queue[behind++] = u;
        }
    }
}

static void push(wave *w, int32_t u, int32_t k)
{
    const tight_graph *t = w->t;
    int32_t v = t->to[k], twin = t->twin[k];
    int64_t amount = w->excess[u] < t->out[k] ? w->excess[u] : t->out[k];
    int64_t before = w->excess[v];
    t->out[k] -= amount;
    t->out[twin] += amount;
    t->open[k] = 1;
    if (t->out[k] == 0)
        t->open[twin] = 0;
    w->excess[u] -= amount;
    w->excess[v] = before + amount;
    if (before <= 0 && before + amount > 0)
        wake(w, v);
}

/* Push the surplus of a node on, raising its label as needed; returns the arcs looked at. */
static int64_t discharge(wave *w, int32_t u, int64_t patience)
{
    const tight_graph *t = w->t;
    int64_t work = 0;
    int32_t begin = t->off[u], end = t->off[u + 1];
    while (1) {
        int32_t below = w->label[u] - 1, k = w->current[u], least = FAR;
        for (; k < end; k++)
            if (t->out[k] > 0 && w->label[t->to[k]] == below) {
                push(w, u, k);
                if (w->excess[u] == 0) {
                    w->current[u] = k;
                    return work + (k - begin);
                }
            }
        for (k = begin; k < end; k++)
            if (t->out[k] > 0 && w->label[t->to[k]] < least)
                least = w->label[t->to[k]];
        work += 2 * (int64_t)(end - begin) + 1;
        w->current[u] = begin;
        w->label[u] = least < w->ceiling ? least + 1 : FAR;
        if (w->label[u] == FAR)
            return work;
        if (work > patience) {
            wake(w, u);
            return work;
        }
    }
}

/* Raise labels while a surplus is in reach of a deficit; begin anew where raising leads far off. */
int push_down(const tight_graph *t, int64_t *excess)
{
    int32_t n = t->nodes;
    wave w = {t, -1, 0, 0, excess, NEW(int32_t, n), NEW(int32_t, n), NEW(int32_t, n),
              NEW(int32_t, n), NEW(int32_t, n), NEW(unsigned char, n >> 3)};
    int done = w.label && w.current && w.bucket && w.next && w.queue && w.seen ? 0 : RONDE_NO_MEMORY;
    while (done == 0) {
        relabel_all(&w);
        if (w.top < 0)
            break;
        w.ceiling = w.top + SLACK < n - 1 ? w.top + SLACK : n - 1;
        int64_t patience = PATIENCE * ((int64_t)t->off[n] + n);
        while (w.low <= w.top && patience > 0) {
            int32_t u = w.bucket[w.low];
            if (u < 0) {
                w.low++;
                continue;
            }
            w.bucket[w.low] = w.next[u];
            patience -= discharge(&w, u, patience);
        }
    }
    free(w.label);
    free(w.current);
    free(w.bucket);
    free(w.next);
    free(w.queue);
    free(w.seen);
    return done;
}
