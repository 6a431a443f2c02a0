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
int ronde_sort(int32_t nodes, int64_t count, const int32_t *tail, const int32_t *head,
               int32_t *order)
{
    int64_t *at = NEW(int64_t, nodes + 1);
    int32_t *by_head = NEW(int32_t, count);
    if (!at || !by_head) {
        free(at);
        free(by_head);
        return RONDE_NO_MEMORY;
    }
    counted(nodes, count, head, at);
    for (int64_t i = 0; i < count; i++)
        by_head[at[head[i]]++] = (int32_t)i;
    counted(nodes, count, tail, at);
    for (int64_t i = 0; i < count; i++)
        order[at[tail[by_head[i]]]++] = by_head[i];
    free(at);
    free(by_head);
    return 0;
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
    memset(x->first, 0, sizeof(int32_t) * ((size_t)n + 1));
    memset(x->into, 0, sizeof(int32_t) * ((size_t)n + 1));
    for (int32_t i = 0; i < m; i++) {
        x->first[g->tail[i] + 1]++;
        x->into[g->head[i] + 1]++;
    }
    for (int32_t v = 0; v < n; v++) {
        x->first[v + 1] += x->first[v];
        x->into[v + 1] += x->into[v];
    }
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
