import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";

import { EACH_MODE, ask, open, opened } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { next, within } from "../support/wait.js";

const ALLOWED = "http://accept.example";
const FOREIGN = "http://foreign.example";

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

/** The bare answer to a request of a browser that has this origin. */
async function answer(transport, origin, { method = "GET" } = {}) {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const asked = request(`${acceptance.main}/socket.io/?EIO=4&transport=${transport}`, {
    method,
    headers: { origin, ...(transport === "websocket" ? upgrade : {}) },
  });
  asked.end();
  const response = await within(
    Promise.race([
      once(asked, "response").then(([found]) => found),
      once(asked, "upgrade").then(([found, socket]) => {
        socket.destroy();
        return found;
      }),
    ]),
    "an answer",
  );
  response.resume();
  return response;
}

for (const transport of ["polling", "websocket"]) {
  test(`a foreign origin is refused with 403: ${transport}`, async () => {
    const { statusCode, headers } = await answer(transport, FOREIGN);
    assert.equal(statusCode, 403);
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  test(`an allowed origin is let in: ${transport}`, async () => {
    const { statusCode } = await answer(transport, ALLOWED);
    assert.equal(statusCode, transport === "polling" ? 200 : 101);
  });

  test(`the same origin is let in: ${transport}`, async () => {
    const { statusCode } = await answer(transport, acceptance.main);
    assert.equal(statusCode, transport === "polling" ? 200 : 101);
  });
}

test("an allowed origin is named once, with credentials", async () => {
  const { headers } = await answer("polling", ALLOWED);
  assert.equal(headers["access-control-allow-origin"], ALLOWED);
  assert.equal(headers["access-control-allow-credentials"], "true");
  assert.match(headers.vary, /origin/i);
});

for (const mode of EACH_MODE) {
  test(`the client of a foreign origin cannot connect: ${mode}`, async (t) => {
    const socket = open(t, acceptance.main, mode, { extraHeaders: { origin: FOREIGN } });
    const [error] = await next(socket, "connect_error");
    assert.match(error.message, /(xhr poll|websocket) error/);
  });

  test(`the client of an allowed origin can: ${mode}`, async (t) => {
    const socket = await opened(t, acceptance.main, mode, { extraHeaders: { origin: ALLOWED } });
    assert.equal(await ask(socket, "ask", 1), 1);
  });
}
