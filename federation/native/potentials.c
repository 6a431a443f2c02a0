/* The least potentials of an optimum: the greatest gain of a way that ends at each member.
 *
 * Source: spec 0013 §3. Labels only rise, from 0. What a way loses against the guess never becomes
 * less along it where the guess holds; so who has lost least is looked at first, and hardly anybody
 * twice (Johnson 1977).
 */
#include "kernel.h"

/* Where a member stands: nowhere, in the order of guesses until its turn comes, or in the queue. */
enum { SETTLED, IN_ORDER, IN_QUEUE };

typedef struct {
    const graph *g;
    const index_of *x;
    const int64_t *flow, *cost, *guess;
    int64_t *label, level; /* the guess whose turn it is */
    int32_t *order, *queue, *steps, turn, ahead, behind;
    unsigned char *waiting;
    unsigned char *used; /* by slot of `entering`: something was cancelled on the arc */
} spread;

/* Raise a label; returns 1 when that way has met a member twice: the flow is not an optimum. */
static int raise_to(spread *s, int32_t from, int32_t to, int64_t label)
{
    int32_t n = s->g->nodes;
    s->label[to] = label;
    s->steps[to] = s->steps[from] + 1;
    if (s->steps[to] >= n)
        return 1;
    if (s->waiting[to] == IN_QUEUE
        || (s->waiting[to] == IN_ORDER && (s->cost || s->guess[to] - label > s->level)))
        return 0;
    s->waiting[to] = IN_QUEUE;
    s->queue[s->behind] = to;
    s->behind = s->behind == n ? 0 : s->behind + 1;
    return 0;
}

static int spread_from(spread *s, int32_t v)
{
    const index_of *x = s->x;
    const int64_t *flow = s->flow, *cap = s->g->cap, *cost = s->cost, *label = s->label;
    int64_t here = label[v];
    s->waiting[v] = SETTLED;
    for (int32_t i = x->first[v], end = x->first[v + 1]; i < end; i++) {
        int32_t u = s->g->head[i];
        int64_t there = here - (cost ? cost[i] : -1);
        if (flow[i] < cap[i] && there > label[u] && raise_to(s, v, u, there))
            return 1;
    }
    for (int32_t k = x->into[v], end = x->into[v + 1]; k < end; k++) {
        int32_t u = x->from[k];
        if (!s->used[k])
            continue;
        int64_t there = here + (cost ? cost[x->entering[k]] : -1);
        if (there > label[u] && raise_to(s, v, u, there))
            return 1;
    }
    return 0;
}

/* Take the next member: from the queue, else whose turn it is; -1 when there is none. The guess says
 * nothing of costs that are not all the same: then the queue waits until everybody had a turn. */
static int32_t next_member(spread *s)
{
    int32_t n = s->g->nodes;
    while (1) {
        if (s->ahead != s->behind && (!s->cost || s->turn == n)) {
            int32_t v = s->queue[s->ahead];
            s->ahead = s->ahead == n ? 0 : s->ahead + 1;
            return v;
        }
        if (s->turn == n)
            return -1;
        int32_t v = s->order[s->turn++];
        s->level = s->guess[v];
        if (s->waiting[v] == IN_ORDER)
            return v;
    }
}

/* Put the members in the order of their guessed potentials: a counting sort over a short range. */
static void in_order(spread *s)
{
    const int64_t *guess = s->guess;
    int32_t n = s->g->nodes;
    int64_t least = 0, most = 0;
    for (int32_t v = 0; v < n; v++) {
        least = guess[v] < least ? guess[v] : least;
        most = guess[v] > most ? guess[v] : most;
    }
    int64_t range = most - least + 1;
    int32_t *at = range <= n ? calloc((size_t)range + 1, sizeof(int32_t)) : NULL;
    for (int32_t v = 0; v < n && !at; v++)
        s->order[v] = v;
    if (!at)
        return;
    for (int32_t v = 0; v < n; v++)
        at[guess[v] - least + 1]++;
    for (int64_t d = 0; d < range; d++)
        at[d + 1] += at[d];
    for (int32_t v = 0; v < n; v++)
        s->order[at[guess[v] - least]++] = v;
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
    spread s = {.g = &g, .x = &x, .flow = flow, .cost = cost, .label = label, .guess = guess,
                .queue = NEW(int32_t, nodes), .order = NEW(int32_t, nodes),
                .steps = calloc((size_t)nodes + 1, sizeof(int32_t)),
                .waiting = NEW(unsigned char, nodes), .used = NEW(unsigned char, arcs)};
    int done = s.order && s.queue && s.steps && s.waiting && s.used ? 0 : RONDE_NO_MEMORY;
    if (done == 0)
        done = index_graph(&g, &x);
    if (done == 0) {
        for (int32_t i = 0; i < arcs; i++)
            s.used[x.slot[i]] = flow[i] > 0;
        in_order(&s);
        memset(label, 0, sizeof(int64_t) * (size_t)nodes);
        memset(s.waiting, IN_ORDER, (size_t)nodes);
        int32_t v;
        while (done == 0 && (v = next_member(&s)) >= 0)
            done = spread_from(&s, v) ? RONDE_NO_ANSWER : 0;
    }
    drop_index(&x);
    free(s.queue);
    free(s.order);
    free(s.steps);
    free(s.waiting);
    free(s.used);
    return done;
}
