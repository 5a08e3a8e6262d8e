// The network between some clients and the servers, which can be cut, slow or silent.

import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const HOST = "127.0.0.1";

export class Link {
  #pairs = new Set();
  #server;
  /** Milliseconds that each piece of data waits, and bytes a second, if it is slow. */
  #slowness;
  #isSilent = false;

  /** A link to the server at this port. */
  static async open(port) {
    const link = new Link();
    link.#server = net.createServer({ allowHalfOpen: true }, (client) => link.#join(client, port));
    link.#server.listen(0, HOST);
    await once(link.#server, "listening");
    link.url = `http://${HOST}:${link.#server.address().port}`;
    return link;
  }

  /** Breaks those connections that `choose` picks from all. */
  cut(choose = (pairs) => pairs) {
    choose([...this.#pairs]).forEach((pair) => pair.forEach((socket) => socket.destroy()));
  }

  slow(milliseconds, bytesPerSecond) {
    this.#slowness = { milliseconds, bytesPerSecond };
  }

  /** Passes nothing on until it is healed; neither end is told. */
  silence() {
    this.#isSilent = true;
    this.#pairs.forEach((pair) => pair.forEach((socket) => socket.pause()));
  }

  /** Passes on as it should. Connections that were silent break. */
  heal() {
    this.#slowness = undefined;
    if (this.#isSilent) {
      this.#isSilent = false;
      this.cut();
    }
  }

  stop() {
    this.#server.close();
    this.cut();
  }

  #join(client, port) {
    if (this.#isSilent) {
      client.destroy();
      return;
    }
    const server = net.connect({ host: HOST, port, allowHalfOpen: true });
    const pair = [client, server];
    this.#pairs.add(pair);
    this.#relay(client, server);
    this.#relay(server, client);
  }

  #relay(from, to) {
    from.setNoDelay(true);
    from.on("data", async (data) => {
      const slowness = this.#slowness;
      if (slowness !== undefined) {
        from.pause();
        await sleep(slowness.milliseconds + (data.length / slowness.bytesPerSecond) * 1000);
      }
      const hasRoom = to.destroyed || to.write(data);
      if (!hasRoom) {
        from.pause();
        await once(to, "drain").catch(() => {});
      }
      if (!this.#isSilent && from.isPaused()) {
        from.resume();
      }
    });
    from.on("end", () => to.end());
    from.on("error", () => {});
    from.on("close", () => {
      this.#pairs.forEach((pair) => pair.includes(from) && this.#pairs.delete(pair));
      if (!from.readableEnded) {
        to.destroy();
      }
    });
  }
}
