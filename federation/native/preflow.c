/* Maximum flow from surpluses to deficits by push and relabel, in sweeps from the highest label down.
 *
 * A sweep takes every surplus once, level by level, so that what comes together is led on together
 * and memory can be asked for ahead. Surplus that no deficit can be reached from stays where it is:
 * the next phase takes it up there, so no flow is ever led back. Source: Goldberg and Tarjan 1988;
 * Cherkassky and Goldberg 1997.
 */
#include "kernel.h"

/* Measured on trade networks of a million members: one arc of so many is looked at between two exact
 * labellings, and how far above the highest of them a label may rise before it is taken for lost. */
#define PATIENCE 2
#define SLACK 8
/* Words that hold something in a step which is worth waking the other half for. */
#define MANY 128
/* Nodes whose rows are asked for at once. */
#define LOT 32

typedef struct {
    const tight_graph *t;
    int64_t *excess;
    int32_t *label, *current;   /* `current`: the first arc that may lead down */
    int32_t ceiling, top;       /* labels: where to stop, of the furthest surplus */
    int32_t *later, waiting;    /* surpluses of the next sweep */
    int32_t *sorted, *at;       /* those of this one by label; how many have a lower one */
    int32_t *woken[2], woke;    /* what has become a surplus: on this level, on the next */
    int32_t words, low, high;   /* of `now`: all, and those that hold something */
    int32_t step, middle, begin[2], end[2];
    uint64_t *now, *then[2], *seen; /* one bit a node; `then` for each half of the work */
    team *two;
} wave;

/* Mark what some nodes can be reached from. Whether an arc is open cannot be foretold: no branch. */
static void mark_rows(wave *w, int half, const int32_t *nodes, int count)
{
    const tight_graph *t = w->t;
    uint64_t *then = w->then[half];
    int32_t low = w->begin[half], high = w->end[half];
    for (int i = 0; i < count; i++) {
        int32_t end = t->off[nodes[i] + 1];
        for (int32_t k = t->off[nodes[i]]; k < end; k++) {
            int32_t word = (int32_t)(t->ends[k] >> (SHIFT + 6));
            then[word] |= (uint64_t)(t->ends[k] & OPEN_IN) << (t->ends[k] >> SHIFT & 63);
            low = word < low ? word : low;
            high = word > high ? word : high;
        }
    }
    w->begin[half] = low;
    w->end[half] = high;
}

/* Label the nodes of one step in the order in which they lie in memory, and mark those of the next:
 * the search jumps about in some thousand bytes only. Rows are asked for some nodes ahead. */
static void half_step(void *what, int half)
{
    wave *w = what;
    int32_t begin = half ? w->middle : w->low, end = half ? w->high : w->middle - 1;
    int32_t nodes[LOT + 64];
    int count = 0;
    w->begin[half] = w->words;
    w->end[half] = -1;
    for (int32_t i = begin; i <= end; i++) {
        for (uint64_t rest = w->now[i]; rest; rest &= rest - 1) {
            int32_t v = (i << 6) + __builtin_ctzll(rest);
            w->label[v] = w->step;
            __builtin_prefetch(&w->t->ends[w->t->off[v]]);
            nodes[count++] = v;
        }
        if (count >= LOT) {
            mark_rows(w, half, nodes, count);
            count = 0;
        }
    }
    mark_rows(w, half, nodes, count);
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
            w->current[v] = w->t->off[v];
            deficits |= (uint64_t)(w->excess[v] < 0) << (v & 63);
        }
        w->now[i] = w->seen[i] = deficits;
    }
}

static void wait(wave *w, int32_t v)
{
    w->later[w->waiting++] = v;
    w->top = w->label[v] > w->top ? w->label[v] : w->top;
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
    w->waiting = w->top = 0;
    for (int32_t v = 0; v < n; v++)
        if (w->excess[v] > 0 && w->label[v] != FAR)
            wait(w, v);
}

static void push(wave *w, int32_t u, int32_t k)
{
    const tight_graph *t = w->t;
    both_ways *flow = &t->flows[t->arcs[k] >> 1];
    uint32_t side = t->arcs[k] & 1, *end = &t->ends[k], *other = &t->ends[flow->at[!side]];
    int32_t v = (int32_t)(*end >> SHIFT);
    int64_t amount = w->excess[u] < flow->out[side] ? w->excess[u] : flow->out[side];
    int64_t before = w->excess[v];
    flow->out[side] -= amount;
    flow->out[!side] += amount;
    *end = (*end & ~OPEN_OUT) | OPEN_IN | (flow->out[side] > 0 ? OPEN_OUT : 0);
    *other = (*other & ~OPEN_IN) | OPEN_OUT | (flow->out[side] > 0 ? OPEN_IN : 0);
    w->excess[u] -= amount;
    w->excess[v] = before + amount;
    if (before <= 0 && before + amount > 0)
        w->woken[1][w->woke++] = v;
}

/* The label of the other end where something may flow out, else FAR; no branch. */
static int32_t label_by(const wave *w, int32_t k)
{
    uint32_t end = w->t->ends[k];
    return w->label[end >> SHIFT] | (((int32_t)(end & OPEN_OUT) - 1) >> 31 & FAR);
}

/* Push the surplus of a node on, and raise its label where some is left; returns the arcs looked at. */
static int64_t discharge(wave *w, int32_t u)
{
    const tight_graph *t = w->t;
    int32_t begin = t->off[u], end = t->off[u + 1];
    int32_t below = w->label[u] - 1, k = w->current[u], least = FAR;
    for (; k < end; k++)
        if (label_by(w, k) == below) {
            push(w, u, k);
            if (w->excess[u] == 0) {
                w->current[u] = k;
                return k - begin;
            }
        }
    for (k = begin; k < end; k++) {
        int32_t label = label_by(w, k);
        least = label < least ? label : least;
    }
    w->current[u] = begin;
    w->label[u] = least < w->ceiling ? least + 1 : FAR;
    if (w->label[u] != FAR)
        wait(w, u);
    return 2 * (int64_t)(end - begin) + 1;
}

/* Put those who wait in the order of their labels. */
static void in_order(wave *w)
{
    memset(w->at, 0, sizeof(int32_t) * ((size_t)w->top + 2));
    for (int32_t i = 0; i < w->waiting; i++)
        w->at[w->label[w->later[i]] + 1]++;
    for (int32_t h = 0; h < w->top; h++)
        w->at[h + 1] += w->at[h];
    for (int32_t i = 0; i < w->waiting; i++)
        w->sorted[w->at[w->label[w->later[i]]]++] = w->later[i];
    w->waiting = w->top = 0;
}

/* Find the next arc by which a node can push: what else is pushed on its level does not change it. */
static void look_ahead(const wave *w, int32_t u)
{
    const tight_graph *t = w->t;
    int32_t k = w->current[u], end = t->off[u + 1], below = w->label[u] - 1;
    while (k < end && label_by(w, k) != below)
        k++;
    w->current[u] = k;
    if (k < end) {
        __builtin_prefetch(&t->arcs[k]);
        __builtin_prefetch(&w->excess[t->ends[k] >> SHIFT], 1);
    }
}

/* Discharge nodes of one level in small lots, each of which asks ahead for what it will touch. */
static int64_t discharge_all(wave *w, const int32_t *list, int32_t count)
{
    const tight_graph *t = w->t;
    int64_t work = 0;
    for (; count > 0; list += LOT, count -= LOT) {
        int lot = count < LOT ? count : LOT;
        for (int i = 0; i < lot; i++) {
            __builtin_prefetch(&t->off[list[i]]);
            __builtin_prefetch(&w->current[list[i]], 1);
            __builtin_prefetch(&w->excess[list[i]], 1);
            __builtin_prefetch(&w->label[list[i]], 1);
        }
        for (int i = 0; i < lot; i++)
            __builtin_prefetch(&t->ends[w->current[list[i]]], 1);
        for (int i = 0; i < lot; i++)
            look_ahead(w, list[i]);
        for (int i = 0; i < lot; i++)
            if (w->current[list[i]] < t->off[list[i] + 1])
                __builtin_prefetch(&t->flows[t->arcs[w->current[list[i]]] >> 1], 1);
        for (int i = 0; i < lot; i++)
            if (w->current[list[i]] < t->off[list[i] + 1]) {
                uint32_t arc = t->arcs[w->current[list[i]]];
                __builtin_prefetch(&t->ends[t->flows[arc >> 1].at[~arc & 1]], 1);
            }
        for (int i = 0; i < lot; i++)
            work += discharge(w, list[i]);
    }
    return work;
}

/* Take all that waits down, level by level; returns the arcs looked at, and levels. */
static int64_t sweep(wave *w)
{
    int32_t left = w->waiting, woke = 0, level = w->top;
    int64_t work = level;
    in_order(w);
    while (left > 0 || woke > 0) {
        int32_t end = left, *list = w->woken[1];
        level = woke > 0 ? level - 1 : w->label[w->sorted[left - 1]];
        while (left > 0 && w->label[w->sorted[left - 1]] == level)
            left--;
        w->woken[1] = w->woken[0];
        w->woken[0] = list;
        w->woke = 0;
        work += discharge_all(w, w->sorted + left, end - left);
        work += discharge_all(w, list, woke);
        woke = w->woke;
    }
    return work;
}

static int make_wave(wave *w)
{
    int32_t n = w->t->nodes;
    w->words = (n >> 6) + 1;
    w->label = NEW(int32_t, n);
    w->current = NEW(int32_t, n);
    w->later = NEW(int32_t, n);
    w->sorted = NEW(int32_t, n);
    w->at = NEW(int32_t, n + 1);
    w->woken[0] = NEW(int32_t, n);
    w->woken[1] = NEW(int32_t, n);
    w->now = NEW(uint64_t, w->words);
    w->then[0] = calloc((size_t)w->words, sizeof(uint64_t));
    w->then[1] = calloc((size_t)w->words, sizeof(uint64_t));
    return w->label && w->current && w->later && w->sorted && w->at && w->woken[0] && w->woken[1]
                   && w->now && w->then[0] && w->then[1]
               ? 0
               : RONDE_NO_MEMORY;
}

static void drop_wave(wave *w)
{
    free(w->label);
    free(w->current);
    free(w->later);
    free(w->sorted);
    free(w->at);
    free(w->woken[0]);
    free(w->woken[1]);
    free(w->now);
    free(w->then[0]);
    free(w->then[1]);
}

/* Raise labels while a surplus is in reach of a deficit; begin anew where raising leads far off.
 * `reached` says in the end from where a deficit is still in reach, one bit a node. */
int push_down(const tight_graph *t, int64_t *excess, uint64_t *reached, team *two)
{
    int32_t n = t->nodes;
    wave w = {.t = t, .excess = excess, .seen = reached, .two = two};
    int done = make_wave(&w);
    while (done == 0) {
        relabel_all(&w);
        if (w.waiting == 0)
            break;
        w.ceiling = w.top + SLACK < n - 1 ? w.top + SLACK : n - 1;
        int64_t patience = ((int64_t)t->off[n] - t->off[0] + n) / PATIENCE;
        while (w.waiting > 0 && patience > 0)
            patience -= sweep(&w);
    }
    drop_wave(&w);
    return done;
}
