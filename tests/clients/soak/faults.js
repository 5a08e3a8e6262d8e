// The faults. Those of clients come one upon the other; those of nodes one after the other, each when all has settled
// after the one before.

import { setTimeout as sleep } from "node:timers/promises";

/** Longer than the heartbeat allows at times, and shorter than a client is waited for. */
const STOPPED_MS = [500, 14_000];
const SILENT_MS = [500, 12_000];
const SLOW_MS = [1_000, 6_000];
/** Each piece of data waits, and so many bytes pass in a second. */
const DELAY_MS = [20, 300];
const BYTES_PER_SECOND = [20_000, 200_000];
/** Shorter than nodes hold what they cannot send. */
const BROKER_AWAY_MS = [50, 2_000];

/** Faults of clients: each takes one peer, and resolves when it is over. */
const OF_CLIENTS = {
  async cut({ peer }) {
    peer.link.cut();
  },

  async "cut one connection"({ random, peer }) {
    peer.link.cut((pairs) => random.shuffled(pairs).slice(0, 1));
  },

  async silence({ random, peer }) {
    const lasts = random.between(...SILENT_MS);
    peer.link.silence();
    await sleep(lasts);
    peer.link.heal();
  },

  async slow({ random, peer }) {
    const lasts = random.between(...SLOW_MS);
    peer.link.slow(random.between(...DELAY_MS), random.between(...BYTES_PER_SECOND));
    await sleep(lasts);
    peer.link.heal();
  },

  async stop({ random, peer }) {
    const lasts = random.between(...STOPPED_MS);
    peer.signal("SIGSTOP");
    await sleep(lasts);
    peer.signal("SIGCONT");
  },
};

/** Faults of nodes. The first node is spared, since the innocent client is there. */
const OF_NODES = {
  async "kill a node"({ random, nodes, ledger, log }) {
    const nth = 1 + Math.floor(random.next() * (nodes.all.length - 1));
    const { name } = nodes.all[nth];
    ledger.nodeKilled(name, Date.now());
    log(`kills ${name}`);
    await nodes.kill(nth);
    await nodes.restart(nth);
  },

  async "restart the broker"({ random, redis, ledger, log }) {
    const lasts = random.between(...BROKER_AWAY_MS);
    const isBack = ledger.outage(Date.now());
    log(`kills the broker for ${Math.round(lasts)} ms`);
    await redis.kill();
    await sleep(lasts);
    await redis.run();
    return () => isBack(Date.now());
  },

  async "restart all nodes in turn"({ nodes, log }) {
    for (let nth = 1; nth < nodes.all.length; nth += 1) {
      log(`stops ${nodes.all[nth].name}`);
      await nodes.stop(nth);
      await nodes.restart(nth);
      await nodes.acquainted();
    }
  },
};

/** Faults by seeds. */
export class Faults {
  #ofClients;
  #ofNodes;
  #peers;
  /** Peers to which something is being done. */
  #busy = new Set();
  #queue = [];
  /** How many there were, by name. */
  counts = {};

  constructor({ ofClients, ofNodes }, peers) {
    this.#ofClients = ofClients;
    this.#ofNodes = ofNodes;
    this.#peers = peers;
  }

  /** Does faults to clients until `isOver` says so, and resolves when the last of them is over. */
  async disturb(isOver, log) {
    const random = this.#ofClients;
    const begun = [];
    while (!isOver()) {
      await sleep(random.between(200, 2_500));
      const name = random.pick(Object.keys(OF_CLIENTS));
      const peer = random.pick(this.#peers);
      if (isOver() || this.#busy.has(peer)) {
        continue;
      }
      this.#busy.add(peer);
      this.#count(name);
      log(`${name}: ${peer.name}`);
      begun.push(OF_CLIENTS[name]({ random, peer }).finally(() => this.#busy.delete(peer)));
    }
    await Promise.all(begun);
  }

  /** Does the next fault to the nodes: all kinds in turn, in an order that the seed says. Resolves when it is over. */
  async strike(place) {
    if (this.#queue.length === 0) {
      this.#queue = this.#ofNodes.shuffled(Object.keys(OF_NODES));
    }
    const name = this.#queue.shift();
    this.#count(name);
    const over = await OF_NODES[name]({ random: this.#ofNodes, ...place });
    await place.nodes.acquainted();
    over?.();
  }

  #count(name) {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
