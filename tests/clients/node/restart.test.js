// One of two servers is restarted, with many clients in JavaScript and in Python on it, as a supervisor does that looks at
// readiness.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { connected, open } from "../support/client.js";
import { startReadyBalancer } from "../support/balancer.js";
import { startAcceptance } from "../support/servers.js";
import { next, until, within } from "../support/wait.js";

const CLIENTS = 270;
const PYTHON_CLIENTS = 30;
const DELAY_S = 1;
const SPREAD_S = 4;

/** Emits numbers one after the other, and again those that were not acknowledged when the connection was lost. */
function count(socket, seen) {
  const ask = (number) => {
    if (seen.stopped) {
      return;
    }
    const lost = () => socket.once("connect", () => ask(number));
    socket.once("disconnect", lost);
    socket.emit("ask", number, (answer) => {
      socket.off("disconnect", lost);
      if (answer !== number) {
        seen.wrong.push(answer);
      }
      seen.acknowledged += 1;
      setTimeout(() => ask(number + 1), 1000);
    });
  };
  ask(0);
}

/** Clients in Python that count in the same way: `{ stop }`, which resolves with what they have seen. */
async function startPython(t, url) {
  const script = (path) => fileURLToPath(new URL(`../python/${path}`, import.meta.url));
  const python = process.env.PYTHON ?? script(".venv/bin/python");
  const child = spawn(python, [script("counting.py"), url, `${PYTHON_CLIENTS}`], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await within(lines.next(), "the clients in Python", 60_000)).value, "ready");
  return {
    async stop() {
      const exited = once(child, "exit");
      child.stdin.end();
      const { value } = await within(lines.next(), "what the clients in Python have seen", 60_000);
      await within(exited, "the end of the clients in Python", 60_000);
      return JSON.parse(value);
    },
  };
}

test("300 clients move over a while, and nothing of theirs is refused or lost", async (t) => {
  const env = { DELAY: `${DELAY_S}`, SPREAD: `${SPREAD_S}` };
  const [one, two] = [await startAcceptance(env, ["main"]), await startAcceptance(env, ["main"])];
  let isOneGone = false;
  t.after(() => Promise.allSettled([isOneGone || one.stop(), two.stop()]));
  const balancer = await startReadyBalancer([one.main]);
  t.after(() => balancer.stop());

  const seen = { acknowledged: 0, wrong: [], stopped: false };
  const sockets = Array.from({ length: CLIENTS }, (_, index) =>
    open(t, balancer.url, index % 3 === 0 ? "polling" : "websocket", {
      reconnection: true,
      query: { client: `${index}` },
    }),
  );
  await within(Promise.all(sockets.map((socket) => connected(socket))), "all clients", 60_000);
  const python = await startPython(t, balancer.url);
  const before = sockets.map((socket) => socket.id);
  sockets.forEach((socket) => count(socket, seen));
  balancer.add(two.main);
  await until(() => balancer.ready(), (ready) => ready.length === 2, "the second server");

  const times = [];
  const gone = sockets.map((socket) =>
    next(socket, "disconnect", 60_000).then(([reason]) => {
      times.push(Date.now());
      return reason;
    }),
  );
  const back = sockets.map((socket) => next(socket.io, "reconnect", 60_000));
  const began = Date.now();
  await within(one.stop(), "the server to end", 60_000);
  const lasted = Date.now() - began;
  isOneGone = true;

  assert.deepEqual(new Set(await Promise.all(gone)), new Set(["transport close"]));
  await Promise.all(back);
  assert.equal(balancer.refused(), 0, "new sessions went to the server that stays");
  // Not all at once: no second has half of them, of which each would have a quarter.
  const first = Math.min(...times);
  const seconds = new Map();
  times.forEach((time) => {
    const second = Math.floor((time - first) / 1000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  });
  assert.ok(Math.max(...seconds.values()) < CLIENTS / 2, JSON.stringify([...seconds]));
  // None before the delay is over, by the client's clock; and the end as soon as the last has gone.
  assert.ok(first - began >= DELAY_S * 900, `${first - began}`);
  assert.ok(lasted < (DELAY_S + SPREAD_S + 5) * 1000, `${lasted}`);

  const { acknowledged } = seen;
  await until(() => seen.acknowledged, (now) => now >= acknowledged + CLIENTS, "all to go on");
  seen.stopped = true;
  assert.deepEqual(seen.wrong, []);
  const seenByPython = await python.stop();
  const reasons = ["server disconnect", "transport error"];
  assert.deepEqual(seenByPython, { wrong: [], reasons, moved: PYTHON_CLIENTS });
  assert.ok(sockets.every((socket, index) => socket.connected && socket.id !== before[index]));
});
