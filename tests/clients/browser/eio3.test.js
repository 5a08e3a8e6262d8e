// The browser's client of Socket.IO 2, from a page of another origin. Unlike the one in Node.js it polls for bytes as
// bytes.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { launch, openWindow } from "../support/browser.js";
import { EACH_MODE, MODES } from "../support/client.js";
import { startAcceptance, startChat } from "../support/servers.js";
import { until } from "../support/wait.js";

const CLIENT = createRequire(import.meta.url).resolve("socket.io-client-2/dist/socket.io.js");
const EVENTS = 1_000;

let browser;
let home;
let acceptance;

before(async () => {
  browser = await launch();
  home = await startChat();
  acceptance = await startAcceptance({ CORS_ORIGINS: home.url }, ["eio3"]);
});

after(async () => {
  await browser?.close();
  await home?.stop();
  await acceptance?.stop();
});

/** A page with the old client, and the content types of what is polled from it. */
async function openPage(t) {
  const page = await openWindow(t, browser, home.url);
  await page.addScriptTag({ path: CLIENT });
  const polled = { sent: new Set(), received: new Set() };
  page.on("response", (response) => {
    if (response.url().includes("EIO=3&transport=polling")) {
      polled.received.add(response.headers()["content-type"]);
      polled.sent.add(response.request().headers()["content-type"]);
    }
  });
  return { page, polled };
}

for (const mode of EACH_MODE) {
  const transports = MODES[mode];

  describe(`browser of Socket.IO 2: ${mode}`, () => {
    test("binary of every kind goes there and back", async (t) => {
      const { page, polled } = await openPage(t);
      const back = await page.evaluate(
        ({ url, options }) =>
          new Promise((resolve, reject) => {
            const socket = window.io(url, options);
            socket.on("connect_error", reject);
            const bytes = new Uint8Array([0, 127, 128, 255]);
            const sent = { list: [bytes.buffer, "é🚀"], deep: { blob: new Blob([bytes]) } };
            socket.emit("ask", sent, ({ list, deep }) => {
              const all = [list[0], deep.blob];
              resolve([list[1], ...all.map((value) => value instanceof ArrayBuffer && [...new Uint8Array(value)])]);
            });
          }),
        { url: acceptance.eio3, options: { transports } },
      );
      const bytes = [0, 127, 128, 255];
      assert.deepEqual(back, ["é🚀", bytes, bytes]);
      if (mode === "polling") {
        // The page may hear of an answer before the browser tells of the request.
        const isBinary = (types) => types.has("application/octet-stream");
        await until(() => polled.sent, isBinary, "bytes that are sent as bytes");
        await until(() => polled.received, isBinary, "bytes that are received as bytes");
      }
    });

    test(`${EVENTS} events each way, none lost, none twice, all in order`, async (t) => {
      const { page } = await openPage(t);
      const outcome = await page.evaluate(
        ({ url, options, events }) =>
          new Promise((resolve, reject) => {
            const socket = window.io(url, options);
            const bytes = new Uint8Array([1, 2, 3]).buffer;
            let sent = 0;
            let received = 0;
            const fill = () => {
              while (sent < events && sent - received < 100) {
                socket.emit("seq", sent);
                socket.emit("echo", sent, bytes);
                sent += 1;
              }
            };
            socket.on("connect_error", reject);
            socket.on("disconnect", (reason) => reject(new Error(`${reason} after ${received} echoes`)));
            socket.on("connect", fill);
            socket.on("echoed", (number, { byteLength }) => {
              if (number !== received || byteLength !== 3) {
                reject(new Error(`echo ${number} came when ${received} was due`));
              }
              received += 1;
              fill();
              if (received === events) {
                socket.emit("seq-report", (report) =>
                  resolve({ ...report, received, transport: socket.io.engine.transport.name }),
                );
              }
            });
          }),
        { url: acceptance.eio3, options: { transports }, events: EVENTS },
      );
      const transport = mode === "polling" ? "polling" : "websocket";
      assert.deepEqual(outcome, { count: EVENTS, ordered: true, received: EVENTS, transport });
    });
  });
}

test("a client that is told to use JSONP is refused, and without it connects", async (t) => {
  const { page } = await openPage(t);
  const asked = [];
  page.on("request", (request) => request.url().includes("j=") && asked.push(request.url()));
  const outcome = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = window.io(url, { transports: ["polling"], forceJSONP: true, reconnection: false });
        socket.on("connect", () => resolve("connected"));
        socket.on("connect_error", () => {
          const other = window.io(url, { transports: ["polling"], forceNew: true });
          other.on("connect", () => resolve("refused"));
        });
      }),
    acceptance.eio3,
  );
  assert.equal(outcome, "refused");
  // A script cannot read it, a person can.
  const answer = await fetch(asked[0]);
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).message, /JSONP/);
});
