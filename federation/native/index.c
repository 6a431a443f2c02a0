/* Order and index of arcs: counting sorts, linear in arcs and members. */
#include "kernel.h"

static void counted(int32_t nodes, int64_t count, const int32_t *key, int64_t *at)
{
    memset(at, 0, sizeof(int64_t) * ((size_t)nodes + 1));
    for (int64_t i = 0; i < count; i++)
        at[key[i] + 1]++;
    for (int32_t v = 0; v < nodes; v++)
        at[v + 1] += at[v];
}

/* Write the order of debts by debtor, then creditor; of equal pairs the first listed stays first. */
static void sort_pairs(int32_t nodes, int64_t count, const int32_t *tail, const int32_t *head,
                       int64_t *at, int32_t *by_head, int32_t *order)
{
    counted(nodes, count, head, at);
    for (int64_t i = 0; i < count; i++)
        by_head[at[head[i]]++] = (int32_t)i;
    counted(nodes, count, tail, at);
    for (int64_t i = 0; i < count; i++)
        order[at[tail[by_head[i]]]++] = by_head[i];
}

/* Add up the debts of each pair: the arcs, and the arc of each debt. Returns how many arcs. */
int64_t ronde_merge(int32_t nodes, int64_t count, const int32_t *tail, const int32_t *head,
                    const int64_t *amount, int32_t *arc_tail, int32_t *arc_head, int64_t *sum,
                    int32_t *arc)
{
    int64_t *at = NEW(int64_t, nodes + 1), arcs = 0;
    int32_t *by_head = NEW(int32_t, count), *order = NEW(int32_t, count);
    if (at && by_head && order) {
        sort_pairs(nodes, count, tail, head, at, by_head, order);
        for (int64_t place = 0; place < count; place++) {
            int32_t i = order[place];
            if (!arcs || arc_tail[arcs - 1] != tail[i] || arc_head[arcs - 1] != head[i]) {
                arc_tail[arcs] = tail[i];
                arc_head[arcs] = head[i];
                sum[arcs++] = 0;
            }
            sum[arcs - 1] += amount[i];
            arc[i] = (int32_t)(arcs - 1);
        }
    } else {
        arcs = RONDE_NO_MEMORY;
    }
    free(at);
    free(by_head);
    free(order);
    return arcs;
}

/* Give each debt its part of what is cancelled on its arc, the first listed first; empties `left`. */
void ronde_allot(int64_t count, const int32_t *arc, const int64_t *amount, int64_t *left,
                 int64_t *part)
{
    for (int64_t i = 0; i < count; i++) {
        part[i] = amount[i] < left[arc[i]] ? amount[i] : left[arc[i]];
        left[arc[i]] -= part[i];
    }
}

void begin_rows(int32_t nodes, int32_t arcs, const int32_t *key, int32_t *first)
{
    memset(first, 0, sizeof(int32_t) * ((size_t)nodes + 1));
    for (int32_t i = 0; i < arcs; i++)
        first[key[i] + 1]++;
    for (int32_t v = 0; v < nodes; v++)
        first[v + 1] += first[v];
}

int index_graph(const graph *g, index_of *x)
{
    int32_t n = g->nodes, m = g->arcs;
    x->first = NEW(int32_t, n + 1);
    x->into = NEW(int32_t, n + 1);
    x->entering = NEW(int32_t, m);
    x->from = NEW(int32_t, m);
    x->slot = NEW(int32_t, m);
    if (!x->first || !x->into || !x->entering || !x->from || !x->slot)
        return RONDE_NO_MEMORY;
    begin_rows(n, m, g->tail, x->first);
    begin_rows(n, m, g->head, x->into);
    /* Filling moves each beginning to the next one's place; they are moved back afterwards. */
    for (int32_t i = 0; i < m; i++) {
        x->slot[i] = x->into[g->head[i]]++;
        x->entering[x->slot[i]] = i;
        x->from[x->slot[i]] = g->tail[i];
    }
    for (int32_t v = n; v > 0; v--)
        x->into[v] = x->into[v - 1];
    x->into[0] = 0;
    return 0;
}

void drop_index(index_of *x)
{
    free(x->first);
    free(x->into);
    free(x->entering);
    free(x->from);
    free(x->slot);
}
