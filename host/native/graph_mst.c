// SPDX-License-Identifier: Apache-2.0
/* graphMst n: a minimum spanning tree of a graph of n vertices, by Kruskal's algorithm. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "functions.h"
#include "graph.h"

static int by_weight(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	return (a->weight > b->weight) - (a->weight < b->weight);
}

/* The vertex that stands for v's component; halves the path on the way. */
static uint32_t component(uint32_t *parent, uint32_t v)
{
	while (parent[v] != v) {
		parent[v] = parent[parent[v]];
		v = parent[v];
	}
	return v;
}

struct tree {
	uint32_t edges;
	uint64_t weight;
};

/* Sorts the graph's edges on the way. */
static struct tree spanning_tree(struct graph *graph, uint32_t *parent)
{
	struct tree tree = { 0, 0 };

	for (uint32_t v = 0; v < graph->vertices; v++)
		parent[v] = v;
	qsort(graph->edges, graph->edge_count, sizeof(*graph->edges), by_weight);
	for (uint32_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		uint32_t from = component(parent, edge->from), to = component(parent, edge->to);

		if (from == to)
			continue;
		parent[from] = to;
		tree.edges++;
		tree.weight += edge->weight;
	}
	return tree;
}

const char *run_graph_mst(uint64_t n, uint32_t factor, char *result)
{
	const char *problem = "no memory for the graph";
	struct graph graph = { 0 };
	struct tree tree = { 0, 0 };
	uint32_t *parent = calloc(n, sizeof(*parent));

	if (parent && allocate_graph(&graph, (uint32_t)n)) {
		problem = NULL;
		for (uint32_t i = 0; i < factor; i++) {
			graph.vertices = (uint32_t)opaque(n);
			build_graph(&graph);
			tree = spanning_tree(&graph, parent);
		}
		snprintf(result, RESULT_BYTES, "edges=%" PRIu32 " weight=%" PRIu64, tree.edges, tree.weight);
	}
	free(parent);
	free_graph(&graph);
	return problem;
}
