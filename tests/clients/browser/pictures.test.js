// The pictures of the book: `make pictures` makes all that are shown, and there is something on each.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { launch } from "../support/browser.js";

const BOOK = fileURLToPath(new URL("../../../book/src", import.meta.url));
const SCRIPT = fileURLToPath(new URL("pictures.js", import.meta.url));

/** Fewer colours than these, and a picture shows nothing. Even grey text alone has more. */
const LEAST_COLOURS = 16;

/** The names of the pictures that the book shows. */
async function shown() {
  const files = await readdir(BOOK, { recursive: true });
  const chapters = await Promise.all(
    files.filter((file) => file.endsWith(".md")).map((file) => readFile(join(BOOK, file), "utf8")),
  );
  const links = chapters.flatMap((text) => [...text.matchAll(/!\[[^\]]+\]\([./]*images\/([^)]+)\)/g)]);
  return [...new Set(links.map(([, name]) => name))].sort();
}

test("every picture of the book is made from the examples as they are, and is not blank", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sio-pictures-"));
  t.after(() => rm(folder, { recursive: true }));
  await promisify(execFile)(process.execPath, [SCRIPT, folder]);

  const made = (await readdir(folder)).sort();
  assert.deepEqual(made, await shown(), "the book shows what is made");
  assert.deepEqual(made, (await readdir(join(BOOK, "images"))).sort(), "what is made is kept with the book");

  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  for (const name of made) {
    for (const file of [join(folder, name), join(BOOK, "images", name)]) {
      const colours = await page.evaluate(countColours, await readFile(file, "base64"));
      assert.ok(colours >= LEAST_COLOURS, `${file} has ${colours} colours`);
    }
  }
});

/** Runs in the browser. */
async function countColours(base64) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
}
