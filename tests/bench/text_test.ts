import assert from "node:assert/strict";
import { labelled, roughDuration, wrap } from "../../bench/text.ts";

Deno.test("wrap() breaks between words and keeps a word that is too long", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("a incomprehensibilities b", 5), ["a", "incomprehensibilities", "b"]);
  assert.deepEqual(wrap("", 5), [""]);
});

Deno.test("labelled() puts texts beside their labels, and their other lines below", () => {
  assert.deepEqual(labelled([["a", "one"], ["long", "two three four five six seven"]], 30), [
    "a     one",
    "long  two three four five six",
    "      seven",
  ]);
  assert.deepEqual(labelled([], 80), []);
});

Deno.test("roughDuration() rounds", () => {
  assert.deepEqual([1, 33, 89, 90, 600, 7200].map(roughDuration), [
    "5 s",
    "35 s",
    "90 s",
    "2 minutes",
    "10 minutes",
    "2.0 hours",
  ]);
});
