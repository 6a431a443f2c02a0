/* The clearing of a country in plain C: whole numbers only, no input or output, no state.
 *
 * Mathematics: spec 0013. Every array that comes from outside was checked by the caller
 * (federation/kernel.py); every answer that goes out is checked by federation/certificate.py,
 * which shares nothing with this code.
 */
#ifndef RONDE_KERNEL_H
#define RONDE_KERNEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RONDE_NO_MEMORY (-1)
#define RONDE_NO_ANSWER (-2)
#define FAR INT32_MAX

/* Arcs ascend by tail, then head; `first[v]` is the first arc that leaves v. */
typedef struct {
    int32_t nodes, arcs;
    const int32_t *tail, *head;
    const int64_t *cap;
} graph;

/* Both directions of a graph: for k in into[v] .. into[v+1], arc entering[k] comes from[k] to v;
 * slot[i] is the k of arc i. */
typedef struct {
    int32_t *first, *into, *entering, *from, *slot;
} index_of;

/* Tight arcs in both directions, node by node: what may flow out by k; its head, shifted by one bit
 * that is OPEN when something may flow by its twin, the same arc the other way. */
#define OPEN 1
typedef struct {
    int32_t nodes;
    int32_t *off, *to, *twin;
    int64_t *out;
} tight_graph;

int index_graph(const graph *g, index_of *x);
void drop_index(index_of *x);

int remain_least(const graph *g, int64_t *rest, int32_t *distance);
int push_down(const tight_graph *t, int64_t *excess);

#define NEW(type, count) ((type *)malloc(sizeof(type) * ((size_t)(count) + 1)))

#endif
