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

#define RONDE_FORM 1
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

/* What may flow by an arc out of its debtor and out of its creditor (more may stay owed; something
 * stays owed), and where it stands in the rows of the two. */
typedef struct {
    int64_t out[2];
    int32_t at[2];
} both_ways;

/* Tight arcs in both directions, node by node. `ends` is the other end, shifted by SHIFT, and whether
 * something may flow in or out: to find a way needs no more than these four bytes. `arcs` is which arc
 * of `flows` it is, shifted by one, and 1 in the row of the creditor. */
#define OPEN_IN 1u
#define OPEN_OUT 2u
#define SHIFT 2
typedef struct {
    int32_t nodes;
    int32_t *off;
    uint32_t *ends, *arcs;
    both_ways *flows;
} tight_graph;

/* A set of nodes, one bit each, emptied in the order of memory: pass after pass from word `at` to
 * `high`; what is marked behind `at` waits for the next pass, between `low` and `last`. */
typedef struct {
    uint64_t *bits;
    int32_t at, high, low, last;
} marks;

static inline void clear_marks(marks *m, int32_t nodes)
{
    memset(m->bits, 0, 8 * ((size_t)(nodes >> 6) + 1));
    *m = (marks){m->bits, INT32_MAX, -1, INT32_MAX, -1};
}

static inline void mark(marks *m, int32_t v)
{
    int32_t word = v >> 6;
    m->bits[word] |= 1ULL << (v & 63);
    if (word >= m->at) {
        m->high = word > m->high ? word : m->high;
    } else {
        m->low = word < m->low ? word : m->low;
        m->last = word > m->last ? word : m->last;
    }
}

/* Take a node out; -1 when there is none. */
static inline int32_t next_mark(marks *m)
{
    while (1) {
        while (m->at <= m->high && m->bits[m->at] == 0)
            m->at++;
        if (m->at <= m->high) {
            int32_t bit = __builtin_ctzll(m->bits[m->at]);
            m->bits[m->at] &= m->bits[m->at] - 1;
            return (m->at << 6) + bit;
        }
        int32_t low = m->low, last = m->last;
        *m = (marks){m->bits, low > last ? INT32_MAX : low, last, INT32_MAX, -1};
        if (low > last)
            return -1;
    }
}

/* Count where the row of each node begins when arcs are put in the order of `key`. */
void begin_rows(int32_t nodes, int32_t arcs, const int32_t *key, int32_t *first);
int index_graph(const graph *g, index_of *x);
void drop_index(index_of *x);

/* A second thread, and work in two halves: `half` is 0 or 1. */
typedef struct team team;
typedef void half_of(void *what, int half);
team *gather_team(int32_t nodes);
void both(team *t, half_of *work, void *what);
void dismiss(team *t);

int remain_least(const graph *g, int64_t *rest, int32_t *distance);
int push_down(const tight_graph *t, int64_t *excess, uint64_t *reached, team *two);

#define NEW(type, count) ((type *)malloc(sizeof(type) * ((size_t)(count) + 1)))

#endif
