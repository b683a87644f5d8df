// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "functions.h"
#include "graph.h"

bool allocate_graph(struct graph *graph, uint32_t n)
{
	size_t edges_most = (size_t)n * EDGES_PER_VERTEX;

	graph->vertices = n;
	graph->edges = calloc(edges_most, sizeof(*graph->edges));
	graph->first = calloc((size_t)n + 1, sizeof(*graph->first));
	graph->neighbours = calloc(2 * edges_most, sizeof(*graph->neighbours));
	return graph->edges && graph->first && graph->neighbours;
}

void free_graph(struct graph *graph)
{
	free(graph->edges);
	free(graph->first);
	free(graph->neighbours);
}

static bool linked_since(const struct graph *graph, uint32_t begin, uint32_t to)
{
	for (uint32_t i = begin; i < graph->edge_count; i++) {
		if (graph->edges[i].to == to)
			return true;
	}
	return false;
}

/*
 * An end of an edge drawn at random is a vertex drawn in proportion to its degree: the list of edges is the urn. Only
 * edges before `begin` (those of older vertices) take part.
 */
static uint32_t draw_by_degree(const struct graph *graph, uint32_t begin, uint32_t *random)
{
	uint32_t end = next_random(random) % (2 * begin);
	const struct edge *edge = &graph->edges[end / 2];

	return end % 2 ? edge->to : edge->from;
}

static void grow(struct graph *graph)
{
	uint32_t random = GRAPH_SEED;

	graph->edge_count = 0;
	for (uint32_t v = 1; v < graph->vertices; v++) {
		uint32_t begin = graph->edge_count;
		uint32_t wanted = v < EDGES_PER_VERTEX ? v : EDGES_PER_VERTEX;

		while (graph->edge_count < begin + wanted) {
			/* While there are no more vertices than edges wanted, link to all of them. */
			uint32_t to = v <= EDGES_PER_VERTEX ? graph->edge_count - begin
							    : draw_by_degree(graph, begin, &random);

			if (linked_since(graph, begin, to))
				continue;
			graph->edges[graph->edge_count++] =
				(struct edge){ v, to, 1 + next_random(&random) % WEIGHT_MOST };
		}
	}
}

/* Compressed rows: count, add up, fill from the back, which leaves first[v] at the row's beginning. */
static void index_neighbours(struct graph *graph)
{
	memset(graph->first, 0, ((size_t)graph->vertices + 1) * sizeof(*graph->first));
	for (uint32_t i = 0; i < graph->edge_count; i++) {
		graph->first[graph->edges[i].from]++;
		graph->first[graph->edges[i].to]++;
	}
	for (uint32_t v = 1; v <= graph->vertices; v++)
		graph->first[v] += graph->first[v - 1];
	for (uint32_t i = graph->edge_count; i-- > 0;) {
		const struct edge *edge = &graph->edges[i];

		graph->neighbours[--graph->first[edge->from]] = edge->to;
		graph->neighbours[--graph->first[edge->to]] = edge->from;
	}
}

void build_graph(struct graph *graph)
{
	grow(graph);
	index_neighbours(graph);
}
