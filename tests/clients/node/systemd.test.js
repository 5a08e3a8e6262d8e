// The book's units for systemd, as systemd itself reads them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const UNITS = fileURLToPath(new URL("../../../book/listings/deploy", import.meta.url));

test("systemd has nothing to say about the book's units", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sio-units-"));
  t.after(() => rm(folder, { recursive: true }));
  const units = (await readdir(UNITS)).filter((name) => name.endsWith(".service"));
  assert.deepEqual(units.sort(), ["chat.service", "chat@.service"]);
  for (const unit of units) {
    // The program is not installed where the test runs.
    const text = (await readFile(join(UNITS, unit), "utf8")).replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`);
    assert.match(text, /^Type=notify$/m);
    await writeFile(join(folder, unit), text);
  }
  const paths = units.map((unit) => join(folder, unit.replace("@", "@3000")));
  const program = process.env.SYSTEMD_ANALYZE ?? "/usr/bin/systemd-analyze";
  const { stdout, stderr } = await promisify(execFile)(program, ["verify", "--man=no", ...paths]);
  assert.equal(stdout + stderr, "");

  await writeFile(paths[0], "[Service]\nType=notfy\nExecStart=/bin/true\n");
  const wrong = await promisify(execFile)(program, ["verify", "--man=no", paths[0]]).then((done) => done, (error) => error);
  assert.match(wrong.stderr, /notfy/, "a mistake is told");
});
