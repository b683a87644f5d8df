// SPDX-License-Identifier: Apache-2.0
/* graphPagerank n: PageRank on a graph of n vertices, by power iteration. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "functions.h"
#include "graph.h"

/* As usual for PageRank: the share of the rank that follows the edges. */
static const double DAMPING = 0.85;

/* Enough for 5 digits: 0.85 to the 50th is 0.0003, and an undirected graph converges faster than that bound. */
enum { ITERATIONS = 50 };

/* Leaves the ranks, which add up to 1, in `rank`. A graph of one vertex has no edges and keeps its rank. */
static void rank_vertices(const struct graph *graph, double *rank, double *share)
{
	uint32_t n = graph->vertices;

	for (uint32_t v = 0; v < n; v++)
		rank[v] = 1.0 / n;
	for (int iteration = 0; n > 1 && iteration < ITERATIONS; iteration++) {
		for (uint32_t v = 0; v < n; v++)
			share[v] = rank[v] / (graph->first[v + 1] - graph->first[v]);
		for (uint32_t v = 0; v < n; v++) {
			double incoming = 0;

			for (uint32_t i = graph->first[v]; i < graph->first[v + 1]; i++)
				incoming += share[graph->neighbours[i]];
			rank[v] = (1 - DAMPING) / n + DAMPING * incoming;
		}
	}
}

const char *run_graph_pagerank(uint64_t n, uint32_t factor, char *result)
{
	const char *problem = "no memory for the graph";
	struct graph graph = { 0 };
	double *rank = calloc(n, sizeof(*rank)), *share = calloc(n, sizeof(*share));
	uint32_t top = 0;

	if (rank && share && allocate_graph(&graph, (uint32_t)n)) {
		problem = NULL;
		for (uint32_t i = 0; i < factor; i++) {
			graph.vertices = (uint32_t)opaque(n);
			build_graph(&graph);
			rank_vertices(&graph, rank, share);
		}
		for (uint32_t v = 1; v < n; v++) {
			if (rank[v] > rank[top])
				top = v;
		}
		snprintf(result, RESULT_BYTES, "top=%" PRIu32 " rank=%.9f", top, rank[top]);
	}
	free(rank);
	free(share);
	free_graph(&graph);
	return problem;
}
