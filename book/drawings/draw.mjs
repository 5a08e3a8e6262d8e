// Makes the drawings of the book: `node draw.mjs FOLDER`.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { DRAWINGS } from "./drawings.mjs";
import { SCHEMES, svg } from "./shapes.mjs";

const [folder] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
for (const [name, drawing] of Object.entries(DRAWINGS)) {
  for (const [scheme, colours] of Object.entries(SCHEMES)) {
    await writeFile(join(folder, `${name}-${scheme}.svg`), svg(drawing, colours));
  }
}
