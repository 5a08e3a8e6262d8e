// The browser's client against the acceptance application, from a page of another origin.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { UNCAUGHT, launch, openWindow, withCertificate } from "../support/browser.js";
import { BROWSER_MODES } from "../support/client.js";
import { startAcceptance, startChat } from "../support/servers.js";

const EVENTS = 10_000;

let browser;
let home;
let acceptance;
let strangers;

before(async () => {
  browser = await launch();
  home = await startChat();
  acceptance = await startAcceptance({ CORS_ORIGINS: home.url, WEBTRANSPORT: "1" });
  strangers = await startAcceptance({ WEBTRANSPORT: "1" });
});

after(async () => {
  await browser?.close();
  await home?.stop();
  await acceptance?.stop();
  await strangers?.stop();
});

for (const [mode, transports] of Object.entries(BROWSER_MODES)) {
  const last = transports.at(-1);
  const optionsFor = (server) => withCertificate(server.certificates.main, { transports, reconnection: false });

  describe(`browser: ${mode}`, () => {
    test("an allowed origin connects with credentials, over the transport that it asked for", async (t) => {
      const page = await openWindow(t, browser, home.url);
      const transport = await page.evaluate(
        ({ url, options, last }) =>
          new Promise((resolve, reject) => {
            const socket = window.io(url, options);
            socket.on("connect_error", reject);
            socket.on("connect", () => {
              const { engine } = socket.io;
              if (engine.transport.name === last) {
                resolve(engine.transport.name);
              } else {
                engine.once("upgrade", ({ name }) => resolve(name));
              }
            });
          }),
        { url: acceptance.main, options: { ...optionsFor(acceptance), withCredentials: true }, last },
      );
      assert.equal(transport, last);
    });

    if (last === "websocket") {
      test("large messages are compressed", async (t) => {
        const page = await openWindow(t, browser, home.url);
        const outcome = await page.evaluate(
          ({ url, options, last }) =>
            new Promise((resolve, reject) => {
              const large = "na".repeat(20_000);
              const socket = window.io(url, options);
              const { engine } = socket.io;
              const exchange = () =>
                socket.emit("ask", large, (answer) =>
                  resolve({ isWhole: answer === large, extensions: engine.transport.ws.extensions }),
                );
              socket.on("connect_error", reject);
              socket.on("connect", () => {
                if (socket.io.engine.transport.name === last) {
                  exchange();
                } else {
                  socket.io.engine.once("upgrade", exchange);
                }
              });
            }),
          { url: acceptance.main, options: optionsFor(acceptance), last },
        );
        assert.equal(outcome.isWhole, true);
        assert.equal(
          outcome.extensions,
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        );
      });
    }

    test("a foreign origin does not connect", async (t) => {
      const page = await openWindow(t, browser, home.url, { errors: UNCAUGHT });
      const outcome = await page.evaluate(
        ({ url, options }) =>
          new Promise((resolve) => {
            const socket = window.io(url, options);
            socket.on("connect_error", (error) => resolve(error.message));
            socket.on("connect", () => resolve("connected"));
          }),
        { url: strangers.main, options: optionsFor(strangers) },
      );
      assert.match(outcome, /(xhr poll|websocket|webtransport) error/);
    });

    test("binary of every kind goes there and back", async (t) => {
      const page = await openWindow(t, browser, home.url);
      const sizes = await page.evaluate(
        ({ url, options }) =>
          new Promise((resolve, reject) => {
            const socket = window.io(url, options);
            socket.on("connect_error", reject);
            const bytes = new Uint8Array([0, 127, 128, 255]);
            const sent = { list: [bytes, bytes.buffer], deep: { blob: new Blob([bytes]) } };
            socket.emit("ask", sent, (back) => {
              const all = [back.list[0], back.list[1], back.deep.blob];
              resolve(all.map((value) => value instanceof ArrayBuffer && [...new Uint8Array(value)]));
            });
          }),
        { url: acceptance.main, options: optionsFor(acceptance) },
      );
      assert.deepEqual(sizes, [1, 2, 3].map(() => [0, 127, 128, 255]));
    });

    test(`${EVENTS} events each way, none lost, none twice, all in order`, async (t) => {
      const page = await openWindow(t, browser, home.url);
      const outcome = await page.evaluate(
        ({ url, options, events }) =>
          new Promise((resolve, reject) => {
            const socket = window.io(url, options);
            const inFlight = 300;
            let sent = 0;
            let received = 0;
            const fill = () => {
              while (sent < events && sent - received < inFlight) {
                socket.emit("seq", sent);
                socket.emit("echo", sent);
                sent += 1;
              }
            };
            socket.on("connect_error", reject);
            socket.on("disconnect", (reason) => reject(new Error(`${reason} after ${received} echoes`)));
            socket.on("connect", fill);
            socket.on("echoed", (number) => {
              if (number !== received) {
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
        { url: acceptance.main, options: optionsFor(acceptance), events: EVENTS },
      );
      assert.deepEqual(outcome, { count: EVENTS, ordered: true, received: EVENTS, transport: last });
    });
  });
}
