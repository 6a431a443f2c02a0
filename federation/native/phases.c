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
    int64_t *excess;
    int32_t *distance;      /* to a deficit, over arcs that may still change */
    int32_t *away;          /* the same as far as it was measured in this phase */
    marks now;              /* nodes to be looked at in this step */
    unsigned char *open;    /* by arc: OPEN_IN, something stays owed on it; OPEN_OUT, more may */
    unsigned char *room;    /* by slot of `entering`: something more may stay owed on it */
    uint64_t *reached;      /* one bit a node: a deficit can be reached from there by tight arcs */
    tight_graph tight;
    team *two;
    int32_t middle, meet; /* where the second half begins: its nodes, its arcs */
} search;

/* Look at everything that enters v by an arc that may still change; what is no further away than
 * this step allows is looked at in turn. */
static void reach(search *s, int32_t v, int32_t step)
{
    const graph *g = s->g;
    int32_t here = step + s->distance[v];
    for (int32_t i = s->x.first[v]; i < s->x.first[v + 1]; i++) {
        int32_t u = g->head[i];
        if ((s->open[i] & OPEN_IN) & (here - 1 < s->away[u])) {
            s->away[u] = here - 1;
            if (here - 1 - s->distance[u] == step)
                mark(&s->now, u);
        }
    }
    for (int32_t k = s->x.into[v]; k < s->x.into[v + 1]; k++) {
        int32_t u = s->x.from[k];
        if (s->room[k] & (here + 1 < s->away[u])) {
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

static int is_reached(const search *s, int32_t v)
{
    return s->reached[v >> 6] >> (v & 63) & 1;
}

/* Find how far v is from what was reached, over one arc. */
static void look_down(search *s, int32_t v)
{
    const graph *g = s->g;
    int32_t least = FAR;
    for (int32_t i = s->x.first[v]; i < s->x.first[v + 1]; i++) {
        int32_t u = g->head[i];
        if (is_reached(s, u) && s->open[i] & OPEN_OUT && s->distance[u] + 1 < least)
            least = s->distance[u] + 1;
    }
    for (int32_t k = s->x.into[v]; k < s->x.into[v + 1]; k++) {
        int32_t u = s->x.from[k];
        if (is_reached(s, u) && s->open[s->x.entering[k]] & OPEN_IN && s->distance[u] - 1 < least)
            least = s->distance[u] - 1;
    }
    s->away[v] = least;
}

/* Begin with what the phase before has reached: look over its border from the smaller side. */
static void begin_measure(search *s)
{
    int32_t n = s->g->nodes, count = 0;
    clear_marks(&s->now, n);
    for (int32_t v = 0; v < n; v++) {
        s->away[v] = is_reached(s, v) ? s->distance[v] : FAR;
        count += is_reached(s, v);
    }
    for (int32_t v = 0; v < n; v++)
        if (count < n / 2 && is_reached(s, v))
            reach(s, v, 0);
        else if (count >= n / 2 && !is_reached(s, v))
            look_down(s, v);
}

/* Make all distances exact that a surplus needs; returns whether there is a way for each. */
static int measure(search *s, int64_t surpluses)
{
    int32_t n = s->g->nodes, step = 0, v;
    begin_measure(s);
    while (surpluses > 0) {
        step = next_step(s, step);
        if (step == FAR)
            return 0;
        while (surpluses > 0 && (v = next_mark(&s->now)) >= 0) {
            surpluses -= s->excess[v] > 0;
            reach(s, v, step);
        }
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

/* Where an arc is tight, put it in the row of its tail or of its head. */
static int32_t gather_out(search *s, int32_t u, int32_t i, int32_t k)
{
    int32_t v = s->g->head[i];
    if (!is_tight(s, u, v))
        return 0;
    s->tight.flows[i].at[0] = k;
    s->tight.arcs[k] = (uint32_t)i << 1;
    s->tight.ends[k] = (uint32_t)v << SHIFT | s->open[i];
    return 1;
}

static int32_t gather_in(search *s, int32_t v, int32_t j, int32_t k)
{
    int32_t u = s->x.from[j], i = s->x.entering[j];
    if (!is_tight(s, u, v))
        return 0;
    both_ways *flow = &s->tight.flows[i];
    flow->at[1] = k;
    s->tight.arcs[k] = (uint32_t)i << 1 | 1;
    s->tight.ends[k] = (uint32_t)u << SHIFT | (flow->out[1] > 0 ? OPEN_OUT : 0)
                       | (flow->out[0] > 0 ? OPEN_IN : 0);
    return 1;
}

/* Gather the tight arcs node by node, half of the nodes downwards and half of them upwards from where
 * both halves meet, so that they lie together without being moved. */
static void gather_half(void *what, int half)
{
    search *s = what;
    tight_graph *t = &s->tight;
    const int32_t *first = s->x.first, *into = s->x.into;
    int32_t k = s->meet;
    for (int32_t u = s->middle; half && u < s->g->nodes; u++) {
        t->off[u] = k;
        for (int32_t i = first[u]; i < first[u + 1]; i++)
            k += gather_out(s, u, i, k);
        for (int32_t j = into[u]; j < into[u + 1]; j++)
            k += gather_in(s, u, j, k);
    }
    for (int32_t u = s->middle - 1; !half && u >= 0; u--) {
        for (int32_t j = into[u + 1] - 1; j >= into[u]; j--)
            k -= gather_in(s, u, j, k - 1);
        for (int32_t i = first[u + 1] - 1; i >= first[u]; i--)
            k -= gather_out(s, u, i, k - 1);
        t->off[u] = k;
    }
    if (half)
        t->off[s->g->nodes] = k;
}

/* Say of each arc that was tight what may flow by it now. */
static void put_back(search *s)
{
    const tight_graph *t = &s->tight;
    for (int32_t k = t->off[0]; k < t->off[t->nodes]; k++) {
        int32_t i = (int32_t)(t->arcs[k] >> 1);
        uint32_t open = t->ends[k] & (OPEN_IN | OPEN_OUT);
        if (t->arcs[k] & 1 || s->open[i] == open)
            continue;
        s->open[i] = (unsigned char)open;
        s->room[s->x.slot[i]] = (open & OPEN_OUT) > 0;
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
    s->open = NEW(unsigned char, m);
    s->room = NEW(unsigned char, m);
    s->reached = calloc((size_t)(n >> 6) + 1, sizeof(uint64_t));
    s->tight.off = NEW(int32_t, n + 1);
    s->tight.ends = NEW(uint32_t, 2 * (int64_t)m);
    s->tight.arcs = NEW(uint32_t, 2 * (int64_t)m);
    s->tight.flows = NEW(both_ways, m);
    s->two = gather_team(n);
    if (!s->two || !s->excess || !s->away || !s->now.bits || !s->open || !s->room || !s->reached
        || !s->tight.off || !s->tight.ends || !s->tight.arcs || !s->tight.flows)
        return RONDE_NO_MEMORY;
    memset(s->excess, 0, sizeof(int64_t) * (size_t)n);
    memset(s->room, 1, (size_t)m);
    s->tight.nodes = n;
    while (s->middle < n && 2 * (int64_t)s->x.first[s->middle] < m)
        s->middle++;
    s->meet = s->x.first[s->middle] + s->x.into[s->middle];
    memset(s->distance, 0, sizeof(int32_t) * (size_t)n);
    for (int32_t i = 0; i < m; i++) {
        s->tight.flows[i] = (both_ways){.out = {g->cap[i], 0}};
        s->open[i] = g->cap[i] > 0 ? OPEN_OUT : 0;
        s->excess[g->tail[i]] += g->cap[i];
        s->excess[g->head[i]] -= g->cap[i];
    }
    for (int32_t v = 0; v < n; v++)
        s->reached[v >> 6] |= (uint64_t)(s->excess[v] < 0) << (v & 63);
    return 0;
}

static void finish(search *s)
{
    dismiss(s->two);
    drop_index(&s->x);
    free(s->excess);
    free(s->away);
    free(s->now.bits);
    free(s->open);
    free(s->room);
    free(s->reached);
    free(s->tight.off);
    free(s->tight.ends);
    free(s->tight.arcs);
    free(s->tight.flows);
}

/* Fill `rest` (what stays owed on each arc) and `distance` (its proof on this graph). */
int remain_least(const graph *g, int64_t *rest, int32_t *distance)
{
    search s = {.g = g, .distance = distance};
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
        both(s.two, gather_half, &s);
        done = push_down(&s.tight, s.excess, s.reached, s.two);
        if (done == 0)
            put_back(&s);
    }
    for (int32_t i = 0; done == 0 && i < g->arcs; i++)
        rest[i] = s.tight.flows[i].out[1];
    finish(&s);
    return done;
}
