/* SPDX-License-Identifier: Apache-2.0 */
/* The graphs that three of the jobs work on: Barabasi and Albert's preferential attachment, undirected and weighted. */
#ifndef ALPS_GRAPH_H
#define ALPS_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/* Edges that each new vertex brings, or as many as there are vertices before it. */
	EDGES_PER_VERTEX = 3,
	/* Weights are 1 to this. */
	WEIGHT_MOST = 1000,
	/* Every graph is grown from this seed. */
	GRAPH_SEED = 20240710,
};

struct edge {
	uint32_t from; /* the newer vertex */
	uint32_t to;
	uint32_t weight;
};

/* Vertex v's neighbours are neighbours[first[v]] up to, not including, neighbours[first[v + 1]]. */
struct graph {
	uint32_t vertices;
	uint32_t edge_count;
	struct edge *edges; /* in the order in which they were added */
	uint32_t *first;
	uint32_t *neighbours;
};

/* Allocates room for a graph of n vertices; false where there is no memory. */
bool allocate_graph(struct graph *graph, uint32_t n);

/* Frees what allocate_graph() has allocated, as far as it came. */
void free_graph(struct graph *graph);

/* Grows the graph anew: the same graph every time. */
void build_graph(struct graph *graph);

#endif
