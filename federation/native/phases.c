/* The least of what stays owed: shortest ways to those who are owed, then flow along them.
 *
 * What stays owed leads from net debtors to net creditors at one unit of cost an arc. Primal-dual:
 * exact distances first, then a maximum flow on the tight arcs (distance falls by one), which are
 * few; all surplus takes part in each phase, so there are about a dozen. Source: spec 0013 §3;
 * Ahuja, Magnanti, Orlin 1993, §9.8.
 */
#include "kernel.h"

typedef struct {
    const graph *g;
    index_of x;
    int64_t *rest, *excess;
    int32_t *distance;      /* to a deficit, over arcs that may still change */
    int32_t *away;          /* the same as far as it was measured in this phase */
    marks now;              /* nodes to be looked at in this step */
    unsigned char *owed;    /* by arc: something stays owed on it */
    unsigned char *room;    /* by slot of `entering`: something more may stay owed on it */
    int32_t *arc, *at;      /* of a place among the tight arcs; ~i for arc i seen from its head */
    tight_graph tight;
    team *two;
    int32_t middle, begin, end[2], gap; /* where the second half begins: its nodes, its arcs */
} search;

/* Look at everything that enters v by an arc that may still change; what is no further away than
 * this step allows is looked at in turn. */
static void reach(search *s, int32_t v, int32_t step)
{
    const graph *g = s->g;
    int32_t here = step + s->distance[v];
    for (int32_t i = s->x.first[v]; i < s->x.first[v + 1]; i++) {
        int32_t u = g->head[i];
        if (s->owed[i] && here - 1 < s->away[u]) {
            s->away[u] = here - 1;
            if (here - 1 - s->distance[u] == step)
                mark(&s->now, u);
        }
    }
    for (int32_t k = s->x.into[v]; k < s->x.into[v + 1]; k++) {
        int32_t u = s->x.from[k];
        if (s->room[k] && here + 1 < s->away[u]) {
            s->away[u] = here + 1;
            if (here + 1 - s->distance[u] == step)
                mark(&s->now, u);
        }
    }
}

/* Find the least step beyond the present one, and mark all nodes that are so far away. */
static int32_t next_step(search *s, int32_t step)
{
    int32_t n = s->g->nodes, next = FAR;
    for (int32_t v = 0; v < n; v++) {
        int32_t extra = s->away[v] == FAR ? FAR : s->away[v] - s->distance[v];
        if (extra > step && extra < next)
            next = extra;
    }
    for (int32_t v = 0; v < n && next != FAR; v++)
        if (s->away[v] != FAR && s->away[v] - s->distance[v] == next)
            mark(&s->now, v);
    return next;
}

/* Make all distances exact that a surplus needs; returns whether there is a way for each. */
static int measure(search *s, int64_t surpluses)
{
    int32_t n = s->g->nodes, step = 0, v;
    clear_marks(&s->now, n);
    for (v = 0; v < n; v++) {
        s->away[v] = FAR;
        if (s->excess[v] < 0) {
            s->away[v] = s->distance[v];
            mark(&s->now, v);
        }
    }
    while (1) {
        while ((v = next_mark(&s->now)) >= 0) {
            surpluses -= s->excess[v] > 0;
            reach(s, v, step);
        }
        if (surpluses <= 0)
            break;
        step = next_step(s, step);
        if (step == FAR)
            return 0;
    }
    for (v = 0; v < n; v++)
        if (s->away[v] != FAR && s->away[v] - s->distance[v] < step)
            s->distance[v] = s->away[v];
        else
            s->distance[v] += step;
    return 1;
}

static int is_tight(const search *s, int32_t u, int32_t v)
{
    return s->distance[u] - s->distance[v] == 1;
}

static void place(search *s, int32_t k, int32_t to, int64_t out, int64_t back)
{
    s->tight.arcs[k].out = out;
    s->tight.arcs[k].to = to;
    s->tight.back[k] = to << 1 | (back > 0 ? OPEN : 0);
}

/* Copy the tight arcs of one half of the nodes into rows that lie together, node by node: those
 * that leave it, then those that enter it. `at` says where an arc stands in the row of its tail. */
static void gather_half(void *what, int half)
{
    search *s = what;
    const graph *g = s->g;
    tight_graph *t = &s->tight;
    int32_t count = half ? s->begin : 0;
    int32_t end = half ? g->nodes : s->middle;
    for (int32_t u = half ? s->middle : 0; u < end; u++) {
        t->off[u] = count;
        for (int32_t i = s->x.first[u]; i < s->x.first[u + 1]; i++)
            if (is_tight(s, u, g->head[i])) {
                s->arc[count] = i;
                s->at[i] = count;
                place(s, count++, g->head[i], g->cap[i] - s->rest[i], s->rest[i]);
            }
        for (int32_t k = s->x.into[u]; k < s->x.into[u + 1]; k++)
            if (is_tight(s, s->x.from[k], u)) {
                int32_t i = s->x.entering[k];
                s->arc[count] = ~i;
                place(s, count++, s->x.from[k], s->rest[i], g->cap[i] - s->rest[i]);
            }
    }
    s->end[half] = count;
}

/* Tell the two ends of each tight arc of one another. */
static void pair_half(void *what, int half)
{
    search *s = what;
    tight_graph *t = &s->tight;
    int32_t end = t->off[half ? s->g->nodes : s->middle];
    for (int32_t k = half ? t->off[s->middle] : 0; k < end; k++)
        if (s->arc[k] < 0) {
            int32_t i = ~s->arc[k], other = s->at[i];
            other -= other >= s->begin ? s->gap : 0;
            t->arcs[k].twin = other;
            t->arcs[other].twin = k;
        }
}

/* Gather the tight arcs in two halves; the second is written where the first can end at the
 * latest, then moved up to it. */
static void gather(search *s)
{
    tight_graph *t = &s->tight;
    int32_t middle = s->middle;
    both(s->two, gather_half, s);
    int32_t to = s->end[0], from = s->begin;
    size_t count = (size_t)(s->end[1] - from);
    memmove(t->arcs + to, t->arcs + from, sizeof(half_arc) * count);
    memmove(t->back + to, t->back + from, sizeof(int32_t) * count);
    memmove(s->arc + to, s->arc + from, sizeof(int32_t) * count);
    s->gap = from - to;
    for (int32_t u = middle; u < s->g->nodes; u++)
        t->off[u] -= s->gap;
    t->off[s->g->nodes] = s->end[1] - s->gap;
    both(s->two, pair_half, s);
}

static void put_back(search *s)
{
    const tight_graph *t = &s->tight;
    for (int32_t k = 0; k < t->off[t->nodes]; k++) {
        int32_t i = s->arc[k];
        if (i < 0 || s->g->cap[i] - t->arcs[k].out == s->rest[i])
            continue;
        s->rest[i] = s->g->cap[i] - t->arcs[k].out;
        s->owed[i] = s->rest[i] > 0;
        s->room[s->x.slot[i]] = t->arcs[k].out > 0;
    }
}

static int prepare(search *s)
{
    const graph *g = s->g;
    int32_t n = g->nodes, m = g->arcs;
    if (index_graph(g, &s->x))
        return RONDE_NO_MEMORY;
    s->excess = NEW(int64_t, n);
    s->away = NEW(int32_t, n);
    s->now.bits = NEW(uint64_t, (n >> 6) + 1);
    s->owed = calloc((size_t)m + 1, 1);
    s->room = NEW(unsigned char, m);
    s->at = NEW(int32_t, m);
    s->arc = NEW(int32_t, 2 * (int64_t)m);
    s->tight.off = NEW(int32_t, n + 1);
    s->tight.back = NEW(int32_t, 2 * (int64_t)m);
    s->tight.arcs = NEW(half_arc, 2 * (int64_t)m);
    s->two = gather_team(n);
    if (!s->two || !s->excess || !s->away || !s->now.bits || !s->owed || !s->room || !s->at || !s->arc
        || !s->tight.off || !s->tight.back || !s->tight.arcs)
        return RONDE_NO_MEMORY;
    memset(s->excess, 0, sizeof(int64_t) * (size_t)n);
    memset(s->room, 1, (size_t)m);
    s->tight.nodes = n;
    while (s->middle < n && 2 * (int64_t)s->x.first[s->middle] < m)
        s->middle++;
    s->begin = s->x.first[s->middle] + s->x.into[s->middle];
    memset(s->rest, 0, sizeof(int64_t) * (size_t)m);
    memset(s->distance, 0, sizeof(int32_t) * (size_t)n);
    for (int32_t i = 0; i < m; i++) {
        s->excess[g->tail[i]] += g->cap[i];
        s->excess[g->head[i]] -= g->cap[i];
    }
    return 0;
}

static void finish(search *s)
{
    dismiss(s->two);
    drop_index(&s->x);
    free(s->excess);
    free(s->away);
    free(s->now.bits);
    free(s->owed);
    free(s->room);
    free(s->at);
    free(s->arc);
    free(s->tight.off);
    free(s->tight.back);
    free(s->tight.arcs);
}

/* Fill `rest` (what stays owed on each arc) and `distance` (its proof on this graph). */
int remain_least(const graph *g, int64_t *rest, int32_t *distance)
{
    search s = {.g = g, .rest = rest, .distance = distance};
    int done = prepare(&s);
    while (done == 0) {
        int64_t surpluses = 0;
        for (int32_t v = 0; v < g->nodes; v++)
            surpluses += s.excess[v] > 0;
        if (surpluses == 0)
            break;
        if (!measure(&s, surpluses)) {
            done = RONDE_NO_ANSWER;
            break;
        }
        gather(&s);
        done = push_down(&s.tight, s.excess, s.two);
        if (done == 0)
            put_back(&s);
    }
    finish(&s);
    return done;
}
