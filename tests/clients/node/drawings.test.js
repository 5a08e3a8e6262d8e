// The drawings of the book are those that their script makes, and each is shown in both schemes.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { DRAWINGS } from "../../../book/drawings/drawings.mjs";
import { SCHEMES, svg } from "../../../book/drawings/shapes.mjs";

const BOOK = fileURLToPath(new URL("../../../book/src", import.meta.url));
const FILES = Object.keys(DRAWINGS).flatMap((name) => Object.keys(SCHEMES).map((scheme) => `${name}-${scheme}.svg`));

test("every drawing is what its script makes: `make pictures` makes them anew", async () => {
  assert.deepEqual((await readdir(join(BOOK, "drawings"))).sort(), FILES.toSorted());
  for (const [name, drawing] of Object.entries(DRAWINGS)) {
    for (const [scheme, colours] of Object.entries(SCHEMES)) {
      const kept = await readFile(join(BOOK, "drawings", `${name}-${scheme}.svg`), "utf8");
      assert.equal(kept, svg(drawing, colours), `${name}, ${scheme}`);
    }
  }
});

test("every drawing is shown once in each scheme, with its title in words", async () => {
  const files = (await readdir(BOOK, { recursive: true })).filter((file) => file.endsWith(".md"));
  const text = (await Promise.all(files.map((file) => readFile(join(BOOK, file), "utf8")))).join("\n");
  const shown = [...text.matchAll(/<img class="(light|dark)" src="[./]*drawings\/([a-z]+)-(light|dark)\.svg" alt="([^"]+)">/g)];
  assert.deepEqual(shown.map(([, , name, scheme]) => `${name}-${scheme}.svg`).sort(), FILES.toSorted());
  for (const [, condition, name, scheme, alternative] of shown) {
    assert.deepEqual([condition, alternative], [scheme, DRAWINGS[name].title]);
  }
});
