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

typedef struct {
    const tight_graph *t;
    int32_t near, top, ceiling; /* labels: of the nearest and furthest surplus, where to stop */
    int32_t low, high;          /* words of `now` that hold something */
    int64_t *excess;
    int32_t *label, *current, *bucket, *next;
    uint64_t *now, *then, *seen; /* one bit a node */
} wave;

static void wake(wave *w, int32_t v)
{
    int32_t h = w->label[v];
    w->next[v] = w->bucket[h];
    w->bucket[h] = v;
    if (h > w->top)
        w->top = h;
    if (h < w->near)
        w->near = h;
}

/* Label the nodes of one step in the order in which they lie in memory, and mark those of the next:
 * the search jumps about in some thousand bytes only. Returns whether there are any. */
static int one_step(wave *w, int32_t h)
{
    const tight_graph *t = w->t;
    int32_t low = w->high + 1, high = w->low - 1, any = 0;
    for (int32_t i = w->low; i <= w->high; i++) {
        for (uint64_t rest = w->now[i]; rest; rest &= rest - 1) {
            int32_t v = (i << 6) + __builtin_ctzll(rest);
            w->label[v] = h;
            for (int32_t k = t->off[v]; k < t->off[v + 1]; k++)
                if (t->back[k] & OPEN) {
                    int32_t word = t->back[k] >> 7;
                    w->then[word] |= 1ULL << (t->back[k] >> 1 & 63);
                    low = word < low ? word : low;
                    high = word > high ? word : high;
                }
        }
        w->now[i] = 0;
    }
    for (int32_t i = low; i <= high; i++) {
        w->then[i] &= ~w->seen[i];
        w->seen[i] |= w->then[i];
        any |= w->then[i] != 0;
    }
    uint64_t *swapped = w->now;
    w->now = w->then;
    w->then = swapped;
    w->low = low;
    w->high = high;
    return any;
}

/* Exact labels: the fewest arcs to a deficit; FAR where none is in reach. */
static void relabel_all(wave *w)
{
    int32_t n = w->t->nodes, h = 0;
    size_t bytes = 8 * ((size_t)(n >> 6) + 1);
    memset(w->now, 0, bytes);
    memset(w->then, 0, bytes);
    for (int32_t v = 0; v < n; v++) {
        w->label[v] = FAR;
        if (w->excess[v] < 0)
            w->now[v >> 6] |= 1ULL << (v & 63);
    }
    memcpy(w->seen, w->now, bytes);
    w->low = 0;
    w->high = n >> 6;
    while (one_step(w, h))
        h++;
    w->top = -1;
    w->near = 0;
    memset(w->bucket, 0xFF, sizeof(int32_t) * (size_t)n);
    memcpy(w->current, w->t->off, sizeof(int32_t) * (size_t)n);
    for (int32_t v = n - 1; v >= 0; v--)
        if (w->excess[v] > 0 && w->label[v] != FAR)
            wake(w, v);
}

static void push(wave *w, int32_t u, int32_t k)
{
    half_arc *arc = &w->t->arcs[k], *twin = &w->t->arcs[arc->twin];
    int32_t v = arc->to;
    int64_t amount = w->excess[u] < arc->out ? w->excess[u] : arc->out;
    int64_t before = w->excess[v];
    if (twin->out == 0)
        w->t->back[k] |= OPEN;
    arc->out -= amount;
    twin->out += amount;
    if (arc->out == 0)
        w->t->back[arc->twin] &= ~OPEN;
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
            if (t->arcs[k].out > 0 && w->label[t->arcs[k].to] == below) {
                push(w, u, k);
                if (w->excess[u] == 0) {
                    w->current[u] = k;
                    return work + (k - begin);
                }
            }
        for (k = begin; k < end; k++)
            if (t->arcs[k].out > 0 && w->label[t->arcs[k].to] < least)
                least = w->label[t->arcs[k].to];
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
    int32_t words = (n >> 6) + 1;
    wave w = {t, 0, -1, 0, 0, 0, excess, NEW(int32_t, n), NEW(int32_t, n), NEW(int32_t, n),
              NEW(int32_t, n), NEW(uint64_t, words), NEW(uint64_t, words), NEW(uint64_t, words)};
    int done = w.label && w.current && w.bucket && w.next && w.now && w.then && w.seen
                   ? 0
                   : RONDE_NO_MEMORY;
    while (done == 0) {
        relabel_all(&w);
        if (w.top < 0)
            break;
        w.ceiling = w.top + SLACK < n - 1 ? w.top + SLACK : n - 1;
        int64_t patience = PATIENCE * ((int64_t)t->off[n] + n);
        while (w.near <= w.top && patience > 0) {
            int32_t u = w.bucket[w.near];
            if (u < 0) {
                w.near++;
                continue;
            }
            w.bucket[w.near] = w.next[u];
            if (w.next[u] >= 0)
                __builtin_prefetch(&t->arcs[t->off[w.next[u]]]);
            patience -= discharge(&w, u, patience);
        }
    }
    free(w.label);
    free(w.current);
    free(w.bucket);
    free(w.next);
    free(w.now);
    free(w.then);
    free(w.seen);
    return done;
}
