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

/* A debt in the row of one of its ends: the other end, and its place in the list. */
typedef struct {
    int32_t other, debt;
} listed;

/* Write the order of debts by debtor, then creditor; of equal pairs the first listed stays first.
 * What is needed next goes along, so nothing is looked up. `at` says where the row of each ends. */
static void sort_pairs(int32_t nodes, int64_t count, const int32_t *tail, const int32_t *head,
                       int64_t *at, int64_t *into, listed *by_head, listed *order)
{
    counted(nodes, count, head, into);
    for (int64_t i = 0; i < count; i++)
        by_head[into[head[i]]++] = (listed){tail[i], (int32_t)i};
    counted(nodes, count, tail, at);
    for (int64_t place = 0, v = 0; v < nodes; v++)
        for (; place < into[v]; place++)
            order[at[by_head[place].other]++] = (listed){(int32_t)v, by_head[place].debt};
}

/* Add up the debts of each pair: the arcs, and the arc of each debt. Returns how many arcs. */
int64_t ronde_merge(int32_t nodes, int64_t count, const int32_t *tail, const int32_t *head,
                    const int64_t *amount, int32_t *arc_tail, int32_t *arc_head, int64_t *sum,
                    int32_t *arc)
{
    int64_t *at = NEW(int64_t, nodes + 1), *into = NEW(int64_t, nodes + 1), arcs = 0;
    listed *by_head = NEW(listed, count), *order = NEW(listed, count);
    if (at && into && by_head && order) {
        sort_pairs(nodes, count, tail, head, at, into, by_head, order);
        for (int64_t place = 0, u = 0; u < nodes; u++)
            for (int64_t begin = arcs; place < at[u]; place++) {
                int32_t i = order[place].debt;
                if (arcs == begin || arc_head[arcs - 1] != order[place].other) {
                    arc_tail[arcs] = (int32_t)u;
                    arc_head[arcs] = order[place].other;
                    sum[arcs++] = 0;
                }
                sum[arcs - 1] += amount[i];
                arc[i] = (int32_t)(arcs - 1);
            }
    } else {
        arcs = RONDE_NO_MEMORY;
    }
    free(at);
    free(into);
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
