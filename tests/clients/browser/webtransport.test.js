// WebTransport in Chromium: how clients come to it, what goes over it, and how it ends.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";

import { UNCAUGHT, launch, openWindow, withCertificate } from "../support/browser.js";
import { ask, key, journal, opened } from "../support/client.js";
import { startAcceptance, startChat } from "../support/servers.js";
import { until } from "../support/wait.js";

const ALL = ["polling", "websocket", "webtransport"];

let browser;
let home;
let acceptance;

before(async () => {
  browser = await launch();
  home = await startChat();
  acceptance = await start();
});

after(async () => {
  await browser?.close();
  await home?.stop();
  await acceptance?.stop();
});

const start = () => startAcceptance({ CORS_ORIGINS: home.url, WEBTRANSPORT: "1" }, ["main", "recovery"]);

/** A page with a client that has come to the last transport that it will have; `socket` and `log` are in its window. */
async function openClient(t, url, hash, { transports = ["webtransport"], ...options } = {}, last = "webtransport") {
  const page = await openWindow(t, browser, home.url, { errors: UNCAUGHT });
  const all = { reconnection: false, ...withCertificate(hash, { transports, ...options }) };
  await page.evaluate(
    ({ url, options, last }) =>
      new Promise((resolve, reject) => {
        window.log = [];
        window.socket = window.io(url, options);
        const { socket } = window;
        socket.on("connect_error", reject);
        socket.on("disconnect", (reason) => window.log.push(reason));
        socket.on("connect", () => {
          window.log.push("connect");
          const { engine } = socket.io;
          if (engine.transport.name === last) {
            resolve();
          } else {
            engine.on("upgrade", ({ name }) => name === last && resolve());
          }
        });
      }),
    { url, options: all, last },
  );
  return page;
}

const logOf = (page) => page.evaluate(() => window.log);

const tells = (page, entry) => until(() => logOf(page), (log) => log.includes(entry), entry);

test("it goes before WebSocket where both are offered", async (t) => {
  const page = await openClient(t, acceptance.main, acceptance.certificates.main, { transports: ALL });
  const me = await page.evaluate(() => window.socket.emitWithAck("whoami"));
  assert.equal(me.transport, "webtransport");
});

test("the book's client begins with it", async (t) => {
  const listing = new URL("../../../book/listings/clients/webtransport.js", import.meta.url);
  const code = (await readFile(listing, "utf8")).replace("https://example.com", acceptance.main);
  const page = await openWindow(t, browser, home.url, { errors: UNCAUGHT });
  const me = await page.evaluate(
    ({ code, hash }) => {
      const connect = new Function("io", "hash", `${code}; return socket;`);
      return connect(window.io, hash).emitWithAck("whoami");
    },
    { code, hash: new Uint8Array(Buffer.from(acceptance.certificates.main, "hex")) },
  );
  assert.equal(me.transport, "webtransport");
});

test("a client whose UDP is blocked moves to WebSocket", async (t) => {
  // TCP is forwarded to the server, and UDP is dropped.
  const { port } = new URL(acceptance.main);
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const hole = createSocket("udp4");
  hole.bind(proxy.address().port, "127.0.0.1");
  await once(hole, "listening");
  const knocked = once(hole, "message");
  t.after(() => {
    proxy.close();
    hole.close();
  });
  const url = `http://127.0.0.1:${proxy.address().port}`;
  const hash = acceptance.certificates.main;
  const page = await openClient(t, url, hash, { transports: ALL }, "websocket");
  await knocked;
  assert.equal((await page.evaluate(() => window.socket.emitWithAck("whoami"))).transport, "websocket");
});

test("the handshake and a refusal are as on every transport", async (t) => {
  const page = await openClient(t, `${acceptance.main}/auth`, acceptance.certificates.main, { auth: { token: "t" } });
  const { auth, headers } = await page.evaluate(() => window.socket.emitWithAck("handshake"));
  assert.deepEqual(auth, { token: "t" });
  assert.equal(headers.origin, home.url);
  const refusal = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const guarded = window.socket.io.socket("/guard", { auth: { token: "wrong" } });
        guarded.on("connect_error", ({ message, data }) => resolve({ message, data }));
      }),
  );
  assert.deepEqual(refusal, { message: "not authorized", data: { code: 401, hint: "token" } });
});

test("nearly a megabyte goes each way, as text and as bytes", async (t) => {
  const page = await openClient(t, acceptance.recovery, acceptance.certificates.recovery);
  const outcome = await page.evaluate(async () => {
    const text = "é".repeat(450_000);
    const bytes = new Uint8Array(900_000).map((_, at) => at % 251);
    const [sameText, back, empty] = await Promise.all([
      window.socket.emitWithAck("ask", text).then((answer) => answer === text),
      window.socket.emitWithAck("ask", bytes).then((answer) => new Uint8Array(answer)),
      window.socket.emitWithAck("ask", new Uint8Array(0)).then((answer) => answer.byteLength),
    ]);
    return { sameText, sameBytes: back.length === bytes.length && back.every((byte, at) => byte === at % 251), empty };
  });
  assert.deepEqual(outcome, { sameText: true, sameBytes: true, empty: 0 });
});

test("the server ends it, behind all that it has sent", async (t) => {
  const page = await openClient(t, acceptance.main, acceptance.certificates.main);
  await page.evaluate(() => window.socket.emit("bye", true));
  await tells(page, "io server disconnect");
  assert.equal(await page.evaluate(() => window.socket.active), false);
});

test("a client that ends it, or goes without a word, is missed", async (t) => {
  const witness = await opened(t, acceptance.main, "websocket");
  const reasonOf = async (leave) => {
    const name = key();
    const page = await openClient(t, acceptance.main, acceptance.certificates.main, { auth: { key: name } });
    await leave(page);
    const left = (entry) => entry.reason !== undefined;
    return (await journal(witness, name, (list) => list.some(left))).find(left).reason;
  };
  const disconnect = (page) => page.evaluate(() => window.socket.disconnect());
  assert.equal(await reasonOf(disconnect), "client namespace disconnect");
  const abort = (page) => page.evaluate(() => window.socket.io.engine.transport._transport.close());
  assert.equal(await reasonOf(abort), "transport close");
  assert.equal(await reasonOf((page) => page.close()), "transport close");
});

test("a client that has lost its session comes back as the one that it was", async (t) => {
  const options = { reconnection: true, reconnectionDelay: 50 };
  const page = await openClient(t, acceptance.recovery, acceptance.certificates.recovery, options);
  const id = await page.evaluate(() => window.socket.id);
  await page.evaluate(() => window.socket.io.engine.transport._transport.close());
  await until(() => logOf(page), (log) => log.length === 3, "the client to come back");
  const now = await page.evaluate(() => [window.socket.id, window.socket.recovered, window.log]);
  assert.deepEqual(now, [id, true, ["connect", "transport close", "connect"]]);
});

test("a server that stops tells its clients, which would come back", async (t) => {
  const server = await start();
  const page = await openClient(t, server.main, server.certificates.main);
  assert.equal(await page.evaluate(() => window.socket.emitWithAck("ask", 1)), 1);
  await server.stop();
  await tells(page, "transport close");
});
