// 10,000 numbered events each way: none lost, none twice, all in order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { NodeWebSocket, NodeXHR } from "engine.io-client";

import { EACH_MODE, MODES, ask, connected, open } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { next, within } from "../support/wait.js";

const EVENTS = 10_000;
/** How many echoes the client has at most still to come. */
const IN_FLIGHT = 300;

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

/** A WebSocket transport that does not open before `gate` does. */
function gated(gate) {
  return class extends NodeWebSocket {
    doOpen() {
      gate.then(() => super.doOpen());
    }
  };
}

/**
 * Sends numbered events without a pause and lets the server number those that it sends back. `onProgress` is told
 * how many have come back.
 */
async function converse(socket, onProgress = () => {}) {
  let sent = 0;
  let received = 0;
  const done = new Promise((resolve, reject) => {
    const fill = () => {
      while (sent < EVENTS && sent - received < IN_FLIGHT) {
        socket.emit("seq", sent);
        socket.emit("echo", sent);
        sent += 1;
      }
    };
    socket.on("echoed", (number) => {
      if (number !== received) {
        reject(new Error(`echo ${number} came when ${received} was due`));
        return;
      }
      received += 1;
      onProgress(received);
      fill();
      if (received === EVENTS) {
        resolve();
      }
    });
    socket.on("disconnect", (reason) => reject(new Error(`disconnected after ${received} echoes: ${reason}`)));
    fill();
  });
  await within(done, `${EVENTS} echoes`, 120_000);
  assert.deepEqual(await ask(socket, "seq-report"), { count: EVENTS, ordered: true });
  assert.equal(received, EVENTS, "nothing came after the last one");
}

for (const mode of EACH_MODE) {
  test(`${EVENTS} events each way: ${mode}`, async (t) => {
    let openGate;
    const gate = new Promise((resolve) => (openGate = resolve));
    const transports = mode === "upgrade" ? [NodeXHR, gated(gate)] : MODES[mode];
    const socket = await connected(open(t, acceptance.main, mode, { transports }));

    let upgradedAt;
    socket.io.engine.once("upgrade", () => (upgradedAt = "during"));
    await converse(socket, (received) => {
      if (received === EVENTS / 10) {
        openGate();
      }
      if (received === EVENTS && upgradedAt === undefined) {
        upgradedAt = "too late";
      }
    });
    assert.equal(upgradedAt, mode === "upgrade" ? "during" : "too late");
  });

  test(`the server alone sends ${EVENTS} events: ${mode}`, async (t) => {
    let openGate;
    const gate = new Promise((resolve) => (openGate = resolve));
    const transports = mode === "upgrade" ? [NodeXHR, gated(gate)] : MODES[mode];
    const socket = await connected(open(t, acceptance.main, mode, { transports }));

    // In portions, since one client may have no more than a queue's length waiting for it.
    const portion = 500;
    let expected = 0;
    let wrong;
    socket.on("flooded", (number) => {
      if (number !== expected % portion) {
        wrong ??= `event ${number} came when ${expected % portion} was due`;
      }
      expected += 1;
      if (expected === EVENTS / 10) {
        openGate();
      }
    });
    const upgraded = mode === "upgrade" ? next(socket.io.engine, "upgrade", 60_000) : undefined;
    for (let sent = 0; sent < EVENTS; sent += portion) {
      assert.equal(await within(ask(socket, "flood", portion, 10), "a portion", 60_000), portion);
    }
    await upgraded;
    assert.equal(wrong, undefined);
    assert.equal(expected, EVENTS);
  });
}
