// The cases 12.* and 13.* of the Autobahn test suite, which is written in Python 2: five kinds of data, seven kinds of
// offers, each with 18 sizes and sizes of frames. What it lets a server send back as it came is here an event that is
// answered with its argument, and its 1,000 messages of a case are a few.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";

import { Sender } from "ws";

import { startAcceptance } from "../support/servers.js";
import { rawSocket } from "../support/websocket.js";

/** The size of a message, and of its frames: as they are after compression, and 0 for a message in one. */
const SIZES = [
  [16, 0],
  [64, 0],
  [256, 0],
  [1_024, 0],
  [4_096, 0],
  [8_192, 0],
  [16_384, 0],
  [32_768, 0],
  [65_536, 0],
  [131_072, 0],
  [8_192, 256],
  [16_384, 256],
  [32_768, 256],
  [65_536, 256],
  [131_072, 256],
  [131_072, 1_024],
  [131_072, 4_096],
  [131_072, 32_768],
];

/** How many messages of a size: as many as are so large together, within bounds. */
const BYTES = 131_072;
const messages = (size) => Math.min(Math.max(Math.floor(BYTES / size), 3), 50);

const words = (list, more) => Array.from({ length: 40_000 }, (_, n) => list[(n * n + 7 * n) % list.length] + more(n)).join("");

/** As the suite's: JSON and HTML as text, the others as bytes. */
const DATA = {
  12.1: ["a large file of JSON", words(['{"id":', '"name":"', '","tags":["a","b"],"x":'], (n) => `${n},`), false],
  12.2: ["a picture", Buffer.from(Array.from({ length: 262_144 }, (_, n) => (n % 512) / 4 + (n >> 12) + ((n * 7919) % 13))), true],
  12.3: ["German text", Buffer.from(words(["Habe nun, ach! ", "Philosophie, ", "mit heißem Bemühn. ", "Tür "], (n) => `${n % 9}`)), true],
  12.4: ["a large file of HTML", words(["<div class='row'>", "<p>größer &amp; ", "</p>\n", "</div>"], (n) => `${n % 99}`), false],
  12.5: ["a document that is compressed itself", Buffer.concat([Buffer.from("%PDF-1.4 obj stream "), randomBytes(262_144)]), true],
};

const DEFAULT = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
const NO_TAKEOVER = `${DEFAULT}; server_no_context_takeover`;
const bits = (offer, count) => `${offer}; server_max_window_bits=${count}`;

/** The offers of the suite, and whether the server agrees: not to a smaller window, which it cannot have. */
const OFFERS = {
  13.1: [DEFAULT, true],
  13.2: [NO_TAKEOVER, true],
  13.3: [bits(DEFAULT, 9), false],
  13.4: [bits(DEFAULT, 15), true],
  13.5: [bits(NO_TAKEOVER, 9), false],
  13.6: [bits(NO_TAKEOVER, 15), true],
  13.7: [[bits(NO_TAKEOVER, 9), NO_TAKEOVER, DEFAULT].join(", "), true],
};

let acceptance;

before(async () => {
  acceptance = await startAcceptance({ DEFLATE_FROM: "1" }, ["recovery"]);
});

after(() => acceptance?.stop());

/** Sends a message, by the package's own compressor or in frames of a size. */
function send(ws, message, binary, frame) {
  if (frame === 0) {
    ws.send(message, { binary, compress: true });
    return;
  }
  const isCompressed = ws.extensions !== "";
  const flushed = { finishFlush: constants.Z_SYNC_FLUSH };
  const bytes = isCompressed ? deflateRawSync(message, flushed).subarray(0, -4) : Buffer.from(message);
  for (let from = 0; from < bytes.length; from += frame) {
    const isFirst = from === 0;
    const fin = from + frame >= bytes.length;
    const opcode = isFirst ? (binary ? 2 : 1) : 0;
    const options = { fin, opcode, rsv1: isFirst && isCompressed, mask: true, readOnly: true };
    Sender.frame(bytes.subarray(from, from + frame), options).forEach((part) => ws._socket.write(part));
  }
}

/** Sends a part of the data, and expects it back. */
async function exchange({ ws, next }, part, binary, frame) {
  if (binary) {
    // At once: a compressed one would come after the frames that are written below.
    ws.send('451-1["ask",{"_placeholder":true,"num":0}]', { compress: false });
    send(ws, part, true, frame);
    assert.equal(await next(), '461-1[{"_placeholder":true,"num":0}]');
    assert.ok(part.equals(await next()));
  } else {
    const text = JSON.stringify(part);
    send(ws, `421["ask",${text}]`, false, frame);
    assert.ok((await next()) === `431[${text}]`);
  }
}

/** All sizes with one kind of data, of which each message has another part. */
async function exchangeAll(socket, [, data, binary]) {
  let at = 0;
  for (const [size, frame] of SIZES) {
    for (let count = messages(size); count > 0; count -= 1) {
      at = at + size > data.length ? 0 : at;
      await exchange(socket, data.slice(at, at + size), binary, frame);
      at += size;
    }
  }
}

const perMessageDeflate = { threshold: 0 };

for (const [number, kind] of Object.entries(DATA)) {
  test(`${number}: ${kind[0]}, in ${SIZES.length} sizes`, async (t) => {
    const socket = await rawSocket(t, acceptance.recovery, { perMessageDeflate, offer: DEFAULT });
    assert.equal(socket.ws.extensions, "permessage-deflate");
    await exchangeAll(socket, kind);
  });
}

for (const [number, [offer, isAgreed]] of Object.entries(OFFERS)) {
  test(`${number}: ${offer}, in ${SIZES.length} sizes`, async (t) => {
    const socket = await rawSocket(t, acceptance.recovery, { perMessageDeflate, offer });
    assert.equal(socket.ws.extensions, isAgreed ? "permessage-deflate" : "");
    await exchangeAll(socket, DATA[12.1]);
  });
}
