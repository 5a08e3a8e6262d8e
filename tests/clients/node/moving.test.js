// The book's way of moving a cluster over, with the servers of the example `moving`: two in another language, whose place
// two nodes take, one after the other, while clients read on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ask, inbox, opened } from "../support/client.js";
import { startExample, startOld, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

let redis;

before(async () => {
  redis = await startRedis();
});

after(() => redis?.stop());

/** Readers of one topic, all of whom also write. */
class Readers {
  #readers = new Map();

  constructor(t, topic) {
    this.t = t;
    this.topic = topic;
  }

  #post(name, text) {
    return ask(this.#readers.get(name).socket, "post", this.topic, text);
  }

  /** The texts that each has read, by name. */
  #read() {
    return [...this.#readers].map(([name, { news }]) => [name, news.map(([, text]) => text)]);
  }

  /** A reader at this server, which the others have heard, and who has heard them. */
  async join(name, { url }) {
    const socket = await opened(this.t, url, "websocket");
    this.#readers.set(name, { socket, news: inbox(socket, "news") });
    assert.equal(await ask(socket, "follow", this.topic), true);
    for (const writer of this.#readers.keys()) {
      const call = `does everybody hear ${writer}?`;
      const areHeard = () => this.#read().every(([, texts]) => texts.includes(call));
      await until(() => this.#post(writer, call), areHeard, call);
    }
  }

  /** Readers whose server is about to go. */
  leave(name) {
    this.#readers.delete(name);
  }

  /** Everybody writes, and everybody reads all of it, once. */
  async write() {
    const written = [];
    for (const round of [1, 2, 3]) {
      for (const name of this.#readers.keys()) {
        written.push(`${round} of ${name}`);
        assert.equal(await this.#post(name, written.at(-1)), true);
      }
    }
    // Calls from before may still come.
    const news = () => this.#read().map(([name, texts]) => [name, texts.filter((text) => !text.startsWith("does"))]);
    const areAll = async () => news().every(([, texts]) => texts.length >= written.length);
    await until(areAll, (are) => are, "all news");
    for (const [name, texts] of news()) assert.deepEqual(texts.sort(), [...written].sort(), `read by ${name}`);
    for (const { news } of this.#readers.values()) news.length = 0;
  }
}

for (const beside of ["python", "node"]) {
  describe(`a cluster of ${beside}`, () => {
    test("is moved over piece by piece, and no reader misses anything or reads it twice", async (t) => {
      const readers = new Readers(t, `${beside} news`);
      const old = await Promise.all([1, 2].map(() => startOld(beside, redis.url)));
      t.after(() => Promise.all(old.map((server) => server.end())));
      await readers.join("ann", old[0]);
      await readers.join("bob", old[1]);
      await readers.write();

      const start = (env) => startExample("moving", { REDIS: redis.url, ...env });
      const nodes = [await start({ BESIDE: beside })];
      t.after(() => Promise.all(nodes.map((node) => node.stop())));
      await readers.join("cat", nodes[0]);
      await readers.write();

      readers.leave("ann");
      await old[0].kill();
      nodes.push(await start({ BESIDE: beside }));
      await readers.join("ann again", nodes[1]);
      await readers.write();

      readers.leave("bob");
      await old[1].kill();
      await readers.write();

      // The last old server has gone, so nodes need the option no more.
      for (const [index, name] of ["cat", "ann again"].entries()) {
        readers.leave(name);
        await nodes[index].stop();
        nodes[index] = await start({});
        await readers.join(`${name}, without the option`, nodes[index]);
        await readers.write();
      }
    });
  });
}
