// SPDX-License-Identifier: Apache-2.0
/* graphBfs n: breadth-first search from vertex 0 of a graph of n vertices. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "functions.h"
#include "graph.h"

static const uint32_t UNSEEN = UINT32_MAX;

/* Fills `order` with the vertices in the order of the search and `depth` with their distances; returns how many. */
static uint32_t search(const struct graph *graph, uint32_t *order, uint32_t *depth)
{
	uint32_t seen = 1;

	for (uint32_t v = 0; v < graph->vertices; v++)
		depth[v] = UNSEEN;
	order[0] = 0;
	depth[0] = 0;
	for (uint32_t done = 0; done < seen; done++) {
		uint32_t v = order[done];

		for (uint32_t i = graph->first[v]; i < graph->first[v + 1]; i++) {
			uint32_t to = graph->neighbours[i];

			if (depth[to] != UNSEEN)
				continue;
			depth[to] = depth[v] + 1;
			order[seen++] = to;
		}
	}
	return seen;
}

const char *run_graph_bfs(uint64_t n, uint32_t factor, char *result)
{
	const char *problem = "no memory for the graph";
	struct graph graph = { 0 };
	uint32_t *order = calloc(n, sizeof(*order)), *depth = calloc(n, sizeof(*depth));
	uint32_t visited = 0;
	uint64_t checksum = 0;

	if (order && depth && allocate_graph(&graph, (uint32_t)n)) {
		problem = NULL;
		for (uint32_t i = 0; i < factor; i++) {
			graph.vertices = (uint32_t)opaque(n);
			build_graph(&graph);
			visited = search(&graph, order, depth);
		}
		for (uint32_t i = 0; i < visited; i++)
			checksum += (uint64_t)(i + 1) * order[i];
		snprintf(result, RESULT_BYTES, "visited=%" PRIu32 " depth=%" PRIu32 " order=%" PRIu64, visited,
			 depth[order[visited - 1]], checksum);
	}
	free(order);
	free(depth);
	free_graph(&graph);
	return problem;
}
