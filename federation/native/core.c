/* Reductions that keep the optimum: arcs on no cycle are left out, and no arc carries more than its
 * debtor receives or its creditor pays on. Source: Tarjan 1972; spec 0013 §2.
 */
#include "kernel.h"

typedef struct {
    int32_t *low, *number, *current, *stack, *path, *component;
} walk_state;

static void close_component(walk_state *w, int32_t root, int32_t *top, int32_t *components)
{
    int32_t v;
    do {
        v = w->stack[--*top];
        w->component[v] = *components;
    } while (v != root);
    ++*components;
}

static void visit(const int32_t *first, const int32_t *head, walk_state *w, int32_t root,
                  int32_t *counter, int32_t *components)
{
    int32_t top = 0, depth = 0;
    w->path[0] = root;
    while (depth >= 0) {
        int32_t v = w->path[depth];
        if (w->number[v] < 0) {
            w->number[v] = w->low[v] = (*counter)++;
            w->stack[top++] = v;
        }
        int descended = 0;
        while (w->current[v] < first[v + 1]) {
            int32_t u = head[w->current[v]];
            if (w->number[u] < 0) {
                w->path[++depth] = u;
                descended = 1;
                break;
            }
            if (w->component[u] < 0 && w->low[u] < w->low[v])
                w->low[v] = w->low[u];
            w->current[v]++;
        }
        if (descended)
            continue;
        if (w->low[v] == w->number[v])
            close_component(w, v, &top, components);
        depth--;
    }
}

/* Write the strongly connected component of each node. */
static int components_of(int32_t nodes, const int32_t *first, const int32_t *head,
                         int32_t *component)
{
    walk_state w = {NEW(int32_t, nodes), NEW(int32_t, nodes), NEW(int32_t, nodes),
                    NEW(int32_t, nodes), NEW(int32_t, nodes), component};
    int done = w.low && w.number && w.current && w.stack && w.path ? 0 : RONDE_NO_MEMORY;
    if (done == 0) {
        int32_t counter = 0, components = 0;
        memset(w.number, 0xFF, sizeof(int32_t) * (size_t)nodes);
        memset(component, 0xFF, sizeof(int32_t) * (size_t)nodes);
        memcpy(w.current, first, sizeof(int32_t) * (size_t)nodes);
        for (int32_t v = 0; v < nodes; v++)
            if (w.number[v] < 0)
                visit(first, head, &w, v, &counter, &components);
    }
    free(w.low);
    free(w.number);
    free(w.current);
    free(w.stack);
    free(w.path);
    return done;
}

/* Number the nodes that lie on a cycle in the order of a search along their arcs, so that what is
 * worked on together lies together in memory. */
static int32_t number_nodes(const graph *g, const int32_t *first, const int32_t *component,
                            int32_t *number, int32_t *order)
{
    int32_t count = 0, ahead = 0;
    memset(number, 0xFF, sizeof(int32_t) * (size_t)g->nodes);
    for (int32_t root = 0; root < g->nodes; root++) {
        for (int32_t i = first[root]; i < first[root + 1] && number[root] < 0; i++)
            if (component[g->head[i]] == component[root]) {
                number[root] = count;
                order[count++] = root;
            }
        for (; ahead < count; ahead++)
            for (int32_t i = first[order[ahead]]; i < first[order[ahead] + 1]; i++) {
                int32_t v = g->head[i];
                if (number[v] < 0 && component[v] == component[order[ahead]]) {
                    number[v] = count;
                    order[count++] = v;
                }
            }
    }
    return count;
}

typedef struct {
    int32_t *first, *component, *number, *order, *tail, *head, *arc, *distance;
    int64_t *cap, *rest, *out, *in;
} room_for;

/* Fill the smaller graph; `arc` says which arc of the whole one each of its arcs is. */
static int32_t cut_down(const graph *g, room_for *t, int32_t nodes)
{
    int32_t m = 0;
    for (int32_t u = 0; u < nodes; u++)
        for (int32_t i = t->first[t->order[u]]; i < t->first[t->order[u] + 1]; i++)
            if (t->component[g->head[i]] == t->component[t->order[u]]) {
                t->tail[m] = u;
                t->head[m] = t->number[g->head[i]];
                t->cap[m] = g->cap[i];
                t->arc[m++] = i;
            }
    return m;
}

/* Lower capacities to what their ends can pass on; a few rounds take most of it. */
static void tighten(int32_t n, int32_t m, const int32_t *tail, const int32_t *head, int64_t *cap,
                    int64_t *out, int64_t *in)
{
    for (int round = 0; round < 6; round++) {
        int changed = 0;
        memset(out, 0, sizeof(int64_t) * (size_t)n);
        memset(in, 0, sizeof(int64_t) * (size_t)n);
        for (int32_t i = 0; i < m; i++) {
            out[tail[i]] += cap[i];
            in[head[i]] += cap[i];
        }
        for (int32_t v = 0; v < n; v++)
            if (in[v] < out[v])
                out[v] = in[v];
        for (int32_t i = 0; i < m; i++) {
            int64_t most = out[tail[i]] < out[head[i]] ? out[tail[i]] : out[head[i]];
            if (most < cap[i]) {
                cap[i] = most;
                changed = 1;
            }
        }
        if (!changed)
            break;
    }
}

static int solve_core(const graph *g, room_for *t, int64_t *flow, int64_t *labels)
{
    begin_rows(g->nodes, g->arcs, g->tail, t->first);
    int done = components_of(g->nodes, t->first, g->head, t->component);
    if (done)
        return done;
    int32_t nodes = number_nodes(g, t->first, t->component, t->number, t->order);
    /* Both ends of each arc are counted with 32 bits, and a member's number is shifted. */
    if (nodes >> (31 - SHIFT) || g->arcs >> 30)
        return RONDE_NO_MEMORY;
    graph core = {nodes, cut_down(g, t, nodes), t->tail, t->head, t->cap};
    tighten(core.nodes, core.arcs, t->tail, t->head, t->cap, t->out, t->in);
    done = remain_least(&core, t->rest, t->distance);
    if (done)
        return done;
    memset(flow, 0, sizeof(int64_t) * (size_t)g->arcs);
    for (int32_t i = 0; i < core.arcs; i++)
        flow[t->arc[i]] = t->cap[i] - t->rest[i];
    for (int32_t v = 0; v < g->nodes; v++)
        labels[v] = t->number[v] < 0 ? 0 : -(int64_t)t->distance[t->number[v]];
    return 0;
}

/* Which form of these functions this is: a library that was built from other sources is not used. */
int32_t ronde_form(void)
{
    return RONDE_FORM;
}

/* Write the largest set-off, and labels that are near its potentials. */
int ronde_clear(int32_t nodes, int32_t arcs, const int32_t *tail, const int32_t *head,
                const int64_t *cap, int64_t *flow, int64_t *labels)
{
    graph g = {nodes, arcs, tail, head, cap};
    room_for t = {NEW(int32_t, nodes + 1), NEW(int32_t, nodes), NEW(int32_t, nodes),
                  NEW(int32_t, nodes),
                  NEW(int32_t, arcs), NEW(int32_t, arcs), NEW(int32_t, arcs),
                  NEW(int32_t, nodes), NEW(int64_t, arcs), NEW(int64_t, arcs),
                  NEW(int64_t, nodes), NEW(int64_t, nodes)};
    int done = RONDE_NO_MEMORY;
    if (t.first && t.component && t.number && t.order && t.tail && t.head && t.arc && t.distance && t.cap
        && t.rest && t.out && t.in)
        done = solve_core(&g, &t, flow, labels);
    free(t.first);
    free(t.component);
    free(t.number);
    free(t.order);
    free(t.tail);
    free(t.head);
    free(t.arc);
    free(t.distance);
    free(t.cap);
    free(t.rest);
    free(t.out);
    free(t.in);
    return done;
}
