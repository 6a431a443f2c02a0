/* A set-off cut into cycles: one walk that never goes back further than the arc it has emptied.
 *
 * The time is the length of what is found; at most one cycle an arc. Source: spec 0013 §5.
 */
#include "kernel.h"

typedef struct {
    int64_t *offset, *amount;
    int32_t *member;
    int64_t cycles, length, room_for_cycles, room_for_members;
} found;

typedef struct {
    const int32_t *head;
    int32_t *first, *next, *place, *way, *arcs;
    int64_t *left;
} walker;

static int make_room(found *f, int64_t more)
{
    if (f->cycles + 2 > f->room_for_cycles) {
        f->room_for_cycles = 2 * f->room_for_cycles + 1024;
        int64_t *offset = realloc(f->offset, sizeof(int64_t) * (size_t)f->room_for_cycles);
        if (offset)
            f->offset = offset;
        int64_t *amount = realloc(f->amount, sizeof(int64_t) * (size_t)f->room_for_cycles);
        if (amount)
            f->amount = amount;
        if (!offset || !amount)
            return RONDE_NO_MEMORY;
    }
    if (f->length + more > f->room_for_members) {
        f->room_for_members = 2 * f->room_for_members + more + 1024;
        int32_t *member = realloc(f->member, sizeof(int32_t) * (size_t)f->room_for_members);
        if (!member)
            return RONDE_NO_MEMORY;
        f->member = member;
    }
    return 0;
}

/* Write down the cycle that the end of the way closes, its smallest member first, and empty it;
 * returns how many arcs of the way remain, or an error. */
static int32_t close_cycle(walker *w, found *f, int32_t start, int32_t end)
{
    int64_t amount = w->left[w->arcs[start]];
    int32_t least = start, kept = end;
    for (int32_t step = start; step < end; step++) {
        if (w->left[w->arcs[step]] < amount)
            amount = w->left[w->arcs[step]];
        if (w->way[step] < w->way[least])
            least = step;
    }
    if (make_room(f, end - start))
        return RONDE_NO_MEMORY;
    f->offset[f->cycles] = f->length;
    f->amount[f->cycles++] = amount;
    for (int32_t step = least; step < end; step++)
        f->member[f->length++] = w->way[step];
    for (int32_t step = start; step < least; step++)
        f->member[f->length++] = w->way[step];
    for (int32_t step = end - 1; step >= start; step--)
        if ((w->left[w->arcs[step]] -= amount) == 0)
            kept = step;
    return kept;
}

/* Walk from a root until nothing leaves it any more. */
static int walk_from(walker *w, found *f, int32_t root)
{
    int32_t depth = 0;
    w->way[0] = root;
    w->place[root] = 0;
    while (1) {
        int32_t v = w->way[depth];
        while (w->next[v] < w->first[v + 1] && w->left[w->next[v]] == 0)
            w->next[v]++;
        if (w->next[v] == w->first[v + 1]) {
            w->place[root] = -1;
            /* What came in has gone out, so only the root can run dry, and only alone. */
            return depth == 0 ? 0 : RONDE_NO_ANSWER;
        }
        int32_t u = w->head[w->next[v]];
        w->arcs[depth] = w->next[v];
        if (w->place[u] < 0) {
            w->place[u] = ++depth;
            w->way[depth] = u;
            continue;
        }
        int32_t kept = close_cycle(w, f, w->place[u], depth + 1);
        if (kept < 0)
            return kept;
        for (; depth > kept; depth--)
            w->place[w->way[depth]] = -1;
    }
}

static int walk_all(int32_t nodes, int32_t arcs, const int32_t *tail, walker *w, found *f)
{
    begin_rows(nodes, arcs, tail, w->first);
    memcpy(w->next, w->first, sizeof(int32_t) * (size_t)nodes);
    memset(w->place, 0xFF, sizeof(int32_t) * (size_t)nodes);
    for (int32_t root = 0; root < nodes; root++) {
        int done = walk_from(w, f, root);
        if (done)
            return done;
    }
    if (make_room(f, 0))
        return RONDE_NO_MEMORY;
    f->offset[f->cycles] = f->length;
    return 0;
}

/* Hand the cycles over in `out`, as they were found; `ronde_drop_cycles` frees them. `left` is the
 * flow, and is emptied. */
int ronde_walk(int32_t nodes, int32_t arcs, const int32_t *tail, const int32_t *head,
               int64_t *left, found *out)
{
    walker w = {head, NEW(int32_t, nodes + 1), NEW(int32_t, nodes), NEW(int32_t, nodes),
                NEW(int32_t, nodes), NEW(int32_t, nodes), left};
    int done = w.first && w.next && w.place && w.way && w.arcs ? 0 : RONDE_NO_MEMORY;
    memset(out, 0, sizeof(*out));
    if (done == 0)
        done = walk_all(nodes, arcs, tail, &w, out);
    free(w.first);
    free(w.next);
    free(w.place);
    free(w.way);
    free(w.arcs);
    return done;
}

void ronde_drop_cycles(found *f)
{
    free(f->offset);
    free(f->amount);
    free(f->member);
}
