// Sockets whose credentials end, and clients that renew them, with the server of the example.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, open } from "../support/client.js";
import { startExample } from "../support/servers.js";
import { next } from "../support/wait.js";

let server;
let cookie;

before(async () => {
  server = await startExample("auth-expiry", { TOKEN_SECONDS: "3" });
  const answer = await post("/login", { name: "Ada", password: "sesame" });
  [cookie] = answer.headers.get("set-cookie").split(";");
});

after(() => server?.stop());

function post(path, body) {
  const headers = { "content-type": "application/json", ...(cookie && { cookie }) };
  return fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body ?? null) });
}

const freshAccess = async () => (await post("/token")).json();

for (const mode of ["polling", "websocket"]) {
  test(`a client that does not renew is told and disconnected, and may come back: ${mode}`, async (t) => {
    const auth = (send) => freshAccess().then(send);
    const socket = open(t, `${server.url}/account`, mode, { auth });
    await next(socket, "connect");
    const [expired, gone] = [next(socket, "auth_expired"), next(socket, "disconnect")];
    assert.deepEqual(await next(socket, "auth_expiring"), [1]);
    await expired;
    assert.equal((await gone)[0], "io server disconnect");
    const [back, welcome] = [next(socket, "connect"), next(socket, "welcome")];
    socket.connect();
    await back;
    assert.equal((await welcome)[0].user, "Ada");
  });

  test(`a client that renews goes on as the same socket: ${mode}`, async (t) => {
    const auth = (send) => freshAccess().then(send);
    const socket = open(t, `${server.url}/account`, mode, { auth });
    await next(socket, "connect");
    const { id } = socket;
    for (let round = 0; round < 2; round += 1) {
      await next(socket, "auth_expiring");
      assert.equal((await ask(socket, "reauth", await freshAccess())).user, "Ada");
    }
    assert.equal((await ask(socket, "reauth", await freshAccess())).code, "rate_limited");
    await next(socket, "auth_expiring");
    assert.equal(socket.id, id);
  });
}
