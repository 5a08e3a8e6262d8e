// The book's clients in JavaScript and Python, against the book's servers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { io } from "socket.io-client";

import { startListing } from "../support/servers.js";
import { until } from "../support/wait.js";

const run = promisify(execFile);
const LISTINGS = fileURLToPath(new URL("../../../book/listings/clients", import.meta.url));
const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));
const PYTHON = process.env.PYTHON ?? fileURLToPath(new URL("../python/.venv/bin/python", import.meta.url));

/** The listings beside the packages that they import. */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sio-book-"));
  await cp(LISTINGS, folder, { recursive: true });
  await symlink(MODULES, join(folder, "node_modules"));
});

after(() => rm(folder, { recursive: true }));

async function start(t, name) {
  const server = await startListing(name);
  t.after(() => server.stop());
  return server.url;
}

/** The part of a listing that the book shows, for this server instead of an example's. */
async function part(file, name, url) {
  const text = await readFile(join(LISTINGS, file), "utf8");
  const [, shown] = new RegExp(`// ANCHOR: ${name}\n([^]*?)// ANCHOR_END: ${name}`).exec(text);
  return shown.replace("https://example.com", url);
}

function closed(t, socket) {
  t.after(() => socket.io._close());
  return socket;
}

test("every client of the book can be parsed", async () => {
  const files = await readdir(folder, { withFileTypes: true });
  const named = (ending) => files.map(({ name }) => name).filter((name) => name.endsWith(ending));
  const scripts = [...named(".js"), ...named(".mjs")];
  const programs = named(".py");
  assert.ok(scripts.length >= 8 && programs.length >= 2);
  await Promise.all(scripts.map((name) => run(process.execPath, ["--check", join(folder, name)])));
  await run(PYTHON, ["-m", "py_compile", ...programs.map((name) => join(folder, name))]);
});

test("the tutorial's test with the official client passes", async (t) => {
  const CHAT_URL = await start(t, "served");
  const env = { ...process.env, CHAT_URL, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await run(process.execPath, ["--test", "--test-reporter=spec", join(folder, "chat.test.mjs")], { env });
  assert.match(stdout, /pass 4\n/);
});

test("the tutorial's client in Python is answered", async (t) => {
  const { stdout } = await run(PYTHON, [join(folder, "client.py"), await start(t, "served3")]);
  assert.deepEqual(stdout.trim().split("\n").sort(), ["Ack: {'status': 'ok'}", "Chat: {'text': 'Hello from Python'}"]);
});

test("the tutorial's other way to open a namespace is answered", async (t) => {
  const code = await part("browser.js", "reference", await start(t, "served3"));
  const said = [];
  const socket = new Function("io", "console", `${code}; return socket;`)(io, { log: (...what) => said.push(what) });
  closed(t, socket);
  await until(() => said, (said) => said.length === 4, "all four lines");
  assert.deepEqual(said.toSorted(), [
    ["Ack:", { status: "ok" }],
    ["Chat:", "Hello"],
    ["Connected to /chat"],
    ["System:", "Welcome!"],
  ]);
});

test("a vote is counted, and a mistake becomes an exception", async (t) => {
  const url = await start(t, "served");
  const room = "rust";
  const [ada, bob] = ["Ada", "Bob"].map((name) => closed(t, io(`${url}/chat`, { auth: { name }, forceNew: true })));
  const ask = new Function(`${await part("browser.js", "errors", url)}; return ask;`)();
  await assert.rejects(ask(ada, "chat_message", { room, text: "Hello" }), { code: "not_in_room" });
  for (const socket of [ada, bob]) {
    await ask(socket, "join_room", room);
    socket.on("question", (question, answer) => answer(socket === ada));
  }
  const vote = await readFile(join(LISTINGS, "vote.js"), "utf8");
  const counted = new Promise((log) => {
    new Function("socket", "room", "console", vote)(ada, room, { log });
  });
  assert.equal(await counted, "1 : 1");
});

test("a client of Engine.IO alone hears what it has sent", async (t) => {
  const ENGINE_URL = await start(t, "engine");
  const { stdout } = await run(process.execPath, [join(folder, "engine.mjs")], { env: { ...process.env, ENGINE_URL } });
  assert.equal(stdout, "heard: hello\n");
});

test("the dev server forwards what belongs to Socket.IO, and leaves its Host alone", async () => {
  const { default: config } = await import(join(folder, "vite.config.js"));
  assert.deepEqual(Object.keys(config.server.proxy), ["/socket.io"]);
  const { ws, changeOrigin } = config.server.proxy["/socket.io"];
  assert.deepEqual([ws, changeOrigin], [true, undefined]);
});
