/**
 * The jobs' results, computed independently of the C programs: other algorithms where there are any, on the same inputs.
 */

/** Marsaglia's xorshift32, as host/native draws with it. */
function xorshift32(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Fibonacci by addition. */
export function fib(n: number): bigint {
  let [a, b] = [0n, 1n];
  for (let i = 0; i < n; i++) [a, b] = [b, a + b];
  return a;
}

interface Edge {
  from: number;
  to: number;
  weight: number;
}

/** The Barabási–Albert graph of n vertices: 3 edges per new vertex, from the seed of host/native/graph.h. */
function growGraph(n: number): Edge[] {
  const random = xorshift32(20240710);
  const edges: Edge[] = [];
  for (let from = 1; from < n; from++) {
    const ends = edges.flatMap((edge) => [edge.from, edge.to]);
    const targets = new Set<number>();
    while (targets.size < Math.min(3, from)) {
      const to = from <= 3 ? targets.size : ends[random() % ends.length]!;
      if (targets.has(to)) continue;
      targets.add(to);
      edges.push({ from, to, weight: 1 + random() % 1000 });
    }
  }
  return edges;
}

/** Each vertex's neighbours, in the order of the edges. */
function neighboursOf(n: number, edges: readonly Edge[]): number[][] {
  const neighbours: number[][] = Array.from({ length: n }, () => []);
  for (const { from, to } of edges) {
    neighbours[from]!.push(to);
    neighbours[to]!.push(from);
  }
  return neighbours;
}

/** Breadth-first search, level by level. */
export function graphBfs(n: number): string {
  const neighbours = neighboursOf(n, growGraph(n));
  const order = [0];
  let depth = -1;
  for (let level = [0]; level.length > 0; depth++) {
    const next: number[] = [];
    for (const v of level) {
      for (const to of neighbours[v]!) {
        if (order.includes(to)) continue;
        order.push(to);
        next.push(to);
      }
    }
    level = next;
  }
  const checksum = order.reduce((sum, v, index) => sum + v * (index + 1), 0);
  return `visited=${order.length} depth=${depth} order=${checksum}`;
}

/** The minimum spanning tree by Prim's algorithm (the C program uses Kruskal's). */
export function graphMst(n: number): string {
  const edges = growGraph(n);
  const inTree = new Set([0]);
  let weight = 0;
  while (inTree.size < n) {
    const crossing = edges.filter(({ from, to }) => inTree.has(from) !== inTree.has(to));
    const lightest = crossing.reduce((best, edge) => edge.weight < best.weight ? edge : best);
    inTree.add(lightest.from).add(lightest.to);
    weight += lightest.weight;
  }
  return `edges=${n - 1} weight=${weight}`;
}

/** The greatest PageRank, from the equation that ranks satisfy, iterated until they no longer change. */
export function topPagerank(n: number): number {
  const neighbours = neighboursOf(n, growGraph(n));
  let ranks = neighbours.map(() => 1 / n);
  for (let change = 1; change > 1e-15;) {
    const next = neighbours.map((row) =>
      row.reduce((sum, v) => sum + 0.85 * ranks[v]! / neighbours[v]!.length, 0.15 / n)
    );
    change = Math.max(...next.map((rank, v) => Math.abs(rank - ranks[v]!)));
    ranks = next;
  }
  return Math.max(...ranks);
}

/** The text that featureExtractor reads. */
function makeText(): string[] {
  const random = xorshift32(19991231);
  const consonants = "bcdfghklmnprstvw";
  const vowels = "aeiou";
  const endings = [" ", " ", " ", ", ", ". ", "'s ", "; ", " 42 "];
  const vocabulary = Array.from({ length: 400 }, () => {
    let word = "";
    for (let syllables = 1 + random() % 4; syllables > 0; syllables--) {
      word += consonants[random() % 16]! + vowels[random() % 5]!;
      if (random() % 3 === 0) word += consonants[random() % 16]!;
    }
    return word;
  });
  return Array.from({ length: 200 }, () => {
    let line = "";
    for (let i = 0; i < 10; i++) {
      const [first, second] = [random() % 400, random() % 400];
      const ending = endings[random() % 8]!;
      const word = vocabulary[Math.floor(first * second / 400)]!;
      line += (random() % 10 === 0 ? word[0]!.toUpperCase() + word.slice(1) : word) + ending;
    }
    return line;
  });
}

/** The words of the text, counted. */
export function featureExtractor(): string {
  const counts = new Map<string, number>();
  const words = makeText().join("\n").match(/[A-Za-z][A-Za-z']*/g)!;
  for (const word of words) counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
  const [top, times] = [...counts].reduce((best, entry) => entry[1] > best[1] ? entry : best);
  return `words=${words.length} distinct=${counts.size} top=${top} times=${times}`;
}

/** Sines, cosines and square roots of the numbers below n, added up. */
export function floatOperation(n: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.sin(k) + Math.cos(k) + Math.sqrt(k);
  return sum;
}
