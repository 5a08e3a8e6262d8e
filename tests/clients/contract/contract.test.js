// The contract of a server as programs of others read it: two TypeScript compilers, a validator of JSON Schema, and the
// parser of AsyncAPI. `tests/tests/contract` generates what they read and says there what serde does with each value.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Parser } from "@asyncapi/parser";
import { Ajv2020 } from "ajv/dist/2020.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const BOOK = fileURLToPath(new URL("../../../book", import.meta.url));

async function json(name) {
  return JSON.parse(await readFile(join(HERE, "generated", name), "utf8"));
}

/** Returns the output of a compiler for the project in a folder. */
async function compile(compiler, folder) {
  const tsc = join(HERE, "node_modules", compiler, "bin", "tsc");
  const options = ["--project", folder, "--noEmit", "--pretty", "false"];
  const run = promisify(execFile)(process.execPath, [tsc, ...options], { cwd: folder });
  const { stdout } = await run.catch((error) => error);
  return stdout;
}

/** Returns the errors that a compiler reports, each as `file(line,column): code`. */
async function errors(compiler) {
  const stdout = await compile(compiler, HERE);
  return [...stdout.matchAll(/^(\S+\(\d+,\d+\)): error (TS\d+)/gm)].map(([, place, code]) => `${place}: ${code}`);
}

/** The marks of a file: `^ TS2345` below the place of an error, or `< TS2345` if that is the beginning of the line. */
async function marks(name) {
  const lines = (await readFile(join(HERE, name), "utf8")).split("\n");
  return lines.flatMap((line, index) => {
    const mark = /^\/\/( *\^|<) (TS\d+)$/.exec(line);
    if (!mark) return [];
    const column = mark[1] === "<" ? 1 : mark[1].length + 2;
    return [`${name}(${index},${column}): ${mark[2]}`];
  });
}

for (const compiler of ["typescript", "typescript-7"]) {
  test(`${compiler} takes the module, the values and good programs, and finds each mistake`, async () => {
    const expected = await marks("bad/mistakes.ts");
    assert.ok(expected.length >= 20);
    assert.deepEqual(await errors(compiler), expected);
  });
}

/** Returns the lines of the blocks of text in a chapter of the book. */
async function texts(chapter) {
  const text = await readFile(join(BOOK, "src", chapter), "utf8");
  return [...text.matchAll(/^```text\n(.*?)^```$/gms)].flatMap(([, lines]) => lines.trimEnd().split("\n"));
}

for (const compiler of ["typescript", "typescript-7"]) {
  test(`${compiler} takes the page of the tutorial, and says of a mistake what the book says`, async (t) => {
    // Below this folder, where the compiler finds the client.
    const folder = await mkdtemp(join(HERE, "tutorial-"));
    t.after(() => rm(folder, { recursive: true }));
    await cp(join(BOOK, "listings/web"), folder, { recursive: true });
    assert.equal(await compile(compiler, folder), "");

    const page = await readFile(join(folder, "chat.ts"), "utf8");
    const wrong = page.replace("text: input.value", "txt: input.value");
    assert.notEqual(wrong, page);
    await writeFile(join(folder, "chat.ts"), wrong);
    const output = await compile(compiler, folder);
    const generated = await readFile(join(folder, "contract.ts"), "utf8");
    const shown = await texts("tutorial/part-6.md");
    assert.ok(shown.length > 5);
    assert.deepEqual(shown.filter((line) => !output.includes(line) && !generated.includes(`${line}\n`)), []);
  });
}

test("each value that serde writes or reads is valid, and each that it refuses is not", async () => {
  const contract = await json("contract.json");
  const samples = await json("samples.json");
  const ajv = new Ajv2020({ strict: false, validateFormats: false, schemas: [{ $id: "contract", types: contract.types }] });
  const events = contract.namespaces["/matrix"].receives;
  const validators = new Map();
  const problem = (event, way, value) => {
    const key = `${event} ${way}`;
    if (!validators.has(key)) {
      const schema = way === "read" ? events[event].args[0].schema : events[event].ack[0];
      const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/types/', '"contract#/types/'));
      validators.set(key, ajv.compile(typeof whole === "object" ? { ...whole, $id: key } : whole));
    }
    const validate = validators.get(key);
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
  for (const [event, value] of samples.written) {
    assert.equal(problem(event, "written", value), null, `${event} writes ${JSON.stringify(value)}`);
  }
  for (const [event, value] of samples.read) {
    assert.equal(problem(event, "read", value), null, `${event} reads ${JSON.stringify(value)}`);
  }
  for (const [event, value] of samples.refused) {
    assert.notEqual(problem(event, "read", value), null, `${event} refuses ${JSON.stringify(value)}`);
  }
});

test("the parser of AsyncAPI takes the document", async () => {
  const document = await json("asyncapi.json");
  const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
  const bad = diagnostics.filter(({ severity }) => severity <= 1);
  assert.deepEqual(bad, []);
  const chat = parsed.channels().get("chat");
  assert.equal(chat.address(), "/chat");
  const operation = parsed.operations().get("chat_receive_chat_message");
  assert.equal(operation.action(), "receive");
  assert.ok(operation.reply());
  assert.deepEqual([...parsed.channels().get("rooms__id").parameters()].map((parameter) => parameter.id()), ["id"]);
});
