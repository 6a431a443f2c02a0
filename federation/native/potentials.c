/* The least potentials of an optimum: the greatest gain of a way that ends at each member.
 *
 * Source: spec 0013 §3. Labels only rise, from 0; members wait in buckets by a guess of the order in
 * which gains spread, so that most are looked at once.
 */
#include "kernel.h"

typedef struct {
    const graph *g;
    const index_of *x;
    const int64_t *flow, *cost;
    int64_t *label;
    int32_t *queue, *steps;
    unsigned char *waiting;
    unsigned char *used; /* by slot of `entering`: something was cancelled on the arc */
    int64_t ahead, behind;
} spread;

static int64_t cost_of(const spread *s, int32_t i)
{
    return s->cost ? s->cost[i] : -1;
}

/* Raise a label; returns 1 when that way has met a member twice: the flow is not an optimum. */
static int raise_to(spread *s, int32_t from, int32_t to, int64_t label)
{
    int32_t n = s->g->nodes;
    if (label <= s->label[to])
        return 0;
    s->label[to] = label;
    s->steps[to] = s->steps[from] + 1;
    if (s->steps[to] >= n)
        return 1;
    if (!s->waiting[to]) {
        s->waiting[to] = 1;
        s->queue[s->behind] = to;
        s->behind = s->behind + 1 == n ? 0 : s->behind + 1;
    }
    return 0;
}

static int spread_from(spread *s, int32_t v)
{
    const graph *g = s->g;
    int64_t label = s->label[v];
    for (int32_t i = s->x->first[v]; i < s->x->first[v + 1]; i++)
        if (s->flow[i] < g->cap[i] && raise_to(s, v, g->head[i], label - cost_of(s, i)))
            return 1;
    for (int32_t k = s->x->into[v]; k < s->x->into[v + 1]; k++) {
        if (!s->used[k])
            continue;
        int64_t cost = s->cost ? s->cost[s->x->entering[k]] : -1;
        if (raise_to(s, v, s->x->from[k], label + cost))
            return 1;
    }
    return 0;
}

/* Put the members in the order of their guessed potentials: a counting sort over a short range. */
static void in_order(spread *s, const int64_t *guess)
{
    int32_t n = s->g->nodes;
    int64_t least = 0, most = 0;
    for (int32_t v = 0; v < n; v++) {
        least = guess[v] < least ? guess[v] : least;
        most = guess[v] > most ? guess[v] : most;
    }
    int64_t range = most - least + 1;
    int32_t *at = range <= n ? calloc((size_t)range + 1, sizeof(int32_t)) : NULL;
    for (int32_t v = 0; v < n && !at; v++)
        s->queue[v] = v;
    if (!at)
        return;
    for (int32_t v = 0; v < n; v++)
        at[guess[v] - least + 1]++;
    for (int64_t d = 0; d < range; d++)
        at[d + 1] += at[d];
    for (int32_t v = 0; v < n; v++)
        s->queue[at[guess[v] - least]++] = v;
    free(at);
}

/* Write the least potentials not below 0; `guess` only sets the order of the search.
 * RONDE_NO_ANSWER: the flow is no optimum. */
int ronde_potentials(int32_t nodes, int32_t arcs, const int32_t *tail, const int32_t *head,
                     const int64_t *cap, const int64_t *flow, const int64_t *cost,
                     const int64_t *guess, int64_t *label)
{
    graph g = {nodes, arcs, tail, head, cap};
    index_of x = {0};
    spread s = {&g, &x, flow, cost, label, NEW(int32_t, nodes),
                calloc((size_t)nodes + 1, sizeof(int32_t)), NEW(unsigned char, nodes),
                NEW(unsigned char, arcs), 0, 0};
    int done = s.queue && s.steps && s.waiting && s.used ? index_graph(&g, &x) : RONDE_NO_MEMORY;
    if (done == 0 && nodes > 0) {
        for (int32_t i = 0; i < arcs; i++)
            s.used[x.slot[i]] = flow[i] > 0;
        memset(label, 0, sizeof(int64_t) * (size_t)nodes);
        memset(s.waiting, 1, (size_t)nodes);
        in_order(&s, guess);
        do {
            int32_t v = s.queue[s.ahead];
            s.ahead = s.ahead + 1 == nodes ? 0 : s.ahead + 1;
            s.waiting[v] = 0;
            if (spread_from(&s, v)) {
                done = RONDE_NO_ANSWER;
                break;
            }
        } while (s.ahead != s.behind || s.waiting[s.queue[s.ahead]]);
    }
    drop_index(&x);
    free(s.queue);
    free(s.steps);
    free(s.waiting);
    free(s.used);
    return done;
}
