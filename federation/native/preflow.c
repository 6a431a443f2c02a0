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
/* Words that hold something in a step which is worth waking the other half for. */
#define MANY 128

typedef struct {
    const tight_graph *t;
    int32_t near, top, ceiling; /* labels: of the nearest and furthest surplus, where to stop */
    int32_t words, low, high;   /* of `now`: all, and those that hold something */
    int32_t step, middle, begin[2], end[2];
    int64_t *excess;
    int32_t *label, *current, *bucket, *next;
    uint64_t *now, *then[2], *seen; /* one bit a node; `then` for each half of the work */
    team *two;
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
 * the search jumps about in some thousand bytes only. */
static void half_step(void *what, int half)
{
    wave *w = what;
    const tight_graph *t = w->t;
    int32_t begin = half ? w->middle : w->low, end = half ? w->high : w->middle - 1;
    int32_t low = w->words, high = -1;
    uint64_t *then = w->then[half];
    for (int32_t i = begin; i <= end; i++) {
        for (uint64_t rest = w->now[i]; rest; rest &= rest - 1) {
            int32_t v = (i << 6) + __builtin_ctzll(rest);
            w->label[v] = w->step;
            for (int32_t k = t->off[v]; k < t->off[v + 1]; k++)
                if (t->back[k] & OPEN) {
                    int32_t word = t->back[k] >> 7;
                    then[word] |= 1ULL << (t->back[k] >> 1 & 63);
                    low = word < low ? word : low;
                    high = word > high ? word : high;
                }
        }
    }
    w->begin[half] = low;
    w->end[half] = high;
}

/* The word of `now` before which half of the arcs lie that can be looked at in this step. */
static int32_t middle_of(const wave *w)
{
    const int32_t *off = w->t->off;
    int32_t low = w->low, high = w->high;
    int32_t end = (w->high + 1) << 6 < w->t->nodes ? (w->high + 1) << 6 : w->t->nodes;
    int64_t sum = (int64_t)off[low << 6] + off[end];
    while (low < high) {
        int32_t word = low + (high - low) / 2;
        if (2 * (int64_t)off[word << 6] < sum)
            low = word + 1;
        else
            high = word;
    }
    return low;
}

/* Take one step; returns how many words of the next one hold something. */
static int32_t one_step(wave *w, int32_t words)
{
    w->middle = middle_of(w);
    if (words > MANY) {
        both(w->two, half_step, w);
    } else {
        half_step(w, 0);
        half_step(w, 1);
    }
    int32_t found = 0;
    memset(w->now + w->low, 0, 8 * (size_t)(w->high - w->low + 1));
    w->low = w->begin[0] < w->begin[1] ? w->begin[0] : w->begin[1];
    w->high = w->end[0] > w->end[1] ? w->end[0] : w->end[1];
    for (int32_t i = w->low; i <= w->high; i++) {
        w->now[i] = (w->then[0][i] | w->then[1][i]) & ~w->seen[i];
        w->then[0][i] = w->then[1][i] = 0;
        w->seen[i] |= w->now[i];
        found += w->now[i] != 0;
    }
    w->step++;
    return found;
}

/* Begin a labelling: the deficits are the first step. */
static void begin_half(void *what, int half)
{
    wave *w = what;
    int32_t n = w->t->nodes, middle = w->words / 2;
    int32_t end = half ? w->words : middle;
    for (int32_t i = half ? middle : 0; i < end; i++) {
        uint64_t deficits = 0;
        for (int32_t v = i << 6; v < n && v < (i + 1) << 6; v++) {
            w->label[v] = FAR;
            w->bucket[v] = -1;
            w->current[v] = w->t->off[v];
            deficits |= (uint64_t)(w->excess[v] < 0) << (v & 63);
        }
        w->now[i] = w->seen[i] = deficits;
    }
}

/* Exact labels: the fewest arcs to a deficit; FAR where none is in reach. */
static void relabel_all(wave *w)
{
    int32_t n = w->t->nodes, words = w->words;
    both(w->two, begin_half, w);
    w->step = w->low = 0;
    w->high = words - 1;
    while (words > 0)
        words = one_step(w, words);
    w->top = -1;
    w->near = 0;
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
int push_down(const tight_graph *t, int64_t *excess, team *two)
{
    int32_t n = t->nodes, words = (n >> 6) + 1;
    size_t bytes = 8 * (size_t)words;
    wave w = {.t = t, .excess = excess, .two = two, .words = words};
    w.label = NEW(int32_t, n);
    w.current = NEW(int32_t, n);
    w.bucket = NEW(int32_t, n);
    w.next = NEW(int32_t, n);
    w.now = malloc(bytes);
    w.seen = malloc(bytes);
    w.then[0] = calloc(1, bytes);
    w.then[1] = calloc(1, bytes);
    int done = w.label && w.current && w.bucket && w.next && w.now && w.seen && w.then[0] && w.then[1]
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
    free(w.seen);
    free(w.then[0]);
    free(w.then[1]);
    return done;
}
