// Compressed polling answers, for a client that asks for them. The official one does not outside of a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { createGunzip, createInflate } from "node:zlib";

import { startAcceptance } from "../support/servers.js";
import { within } from "../support/wait.js";

const DECODERS = { gzip: createGunzip, deflate: createInflate };
const LARGE = "na".repeat(2_000);

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

/** Makes a request; gives the coding of the answer and its text. */
function exchange(query, body, accept) {
  const answered = new Promise((resolve, reject) => {
    const url = `${acceptance.main}/socket.io/?EIO=4&transport=polling${query}`;
    const headers = accept ? { "Accept-Encoding": accept } : {};
    const outgoing = request(url, { method: body === undefined ? "GET" : "POST", headers }, resolve);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
  return within(
    answered.then(async (answer) => {
      const coding = answer.headers["content-encoding"];
      return { coding, text: await text(coding ? answer.pipe(DECODERS[coding]()) : answer) };
    }),
    "an answer",
  );
}

/** The answer that brings back what was asked. */
async function echoed(payload, accept) {
  const { sid } = JSON.parse((await exchange("")).text.slice(1));
  const session = `&sid=${sid}`;
  await exchange(session, "40");
  assert.match((await exchange(session)).text, /^40{/);
  await exchange(session, `421${JSON.stringify(["ask", payload])}`);
  return exchange(session, undefined, accept);
}

for (const coding of Object.keys(DECODERS)) {
  test(`a large answer is compressed by ${coding}`, async () => {
    const answer = await echoed(LARGE, coding);
    assert.deepEqual(answer, { coding, text: `431["${LARGE}"]` });
  });
}

test("a small answer is not compressed, nor one that the client wants as it is", async () => {
  assert.deepEqual(await echoed("small", "gzip, deflate"), { coding: undefined, text: '431["small"]' });
  assert.deepEqual(await echoed(LARGE), { coding: undefined, text: `431["${LARGE}"]` });
});
