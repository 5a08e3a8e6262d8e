import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, ask, inbox, opened } from "../support/client.js";
import { startE2e } from "../support/servers.js";

let e2e;

before(async () => {
  e2e = await startE2e();
});

after(() => e2e?.stop());

for (const mode of EACH_MODE) {
  describe(`heartbeat: ${mode}`, () => {
    test("a handler may outlast the heartbeat many times", async (t) => {
      const socket = await opened(t, e2e.url, mode);
      const { id } = socket;
      const lost = inbox(socket, "disconnect");
      let pings = 0;
      socket.io.on("ping", () => (pings += 1));

      // Interval and timeout together are one second; the events behind the sleeper wait for it.
      const sleeper = ask(socket, "sleep", 3_000);
      const waiting = ask(socket, "echo", "behind the sleeper");
      assert.equal(await sleeper, 3_000);
      assert.equal(await waiting, "behind the sleeper");

      assert.ok(pings >= 3, `only ${pings} pings came while the handler slept`);
      assert.deepEqual(lost, []);
      assert.equal(socket.id, id);
    });
  });
}
