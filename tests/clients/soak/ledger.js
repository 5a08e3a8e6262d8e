// The account of all that was sent and heard, and of the promises that it breaks.
//
// A *life* of a client is the time in which it is the same socket: one that comes back and is recovered goes on with
// its life, one that is new begins another. In each life it sends numbers from 0 on, one at a time; a number is
// *acknowledged* by its server, or *unsure* if the connection broke before that. The promises:
//
// * In one life a client hears the numbers of each life of each sender in order, and none of them twice.
// * It hears all that were acknowledged, from its first one on. Only the last ones of a life that ended with the node
//   on which it was may be missing, and then they are the same for all who could have heard them.
// * A client that can be recovered is, unless the node that it was on was killed, or the broker was away, or it was
//   away itself for longer than it is waited for.

/** Faults that are told in full. */
const FAULTS_SHOWN = 40;

/** The streams of a client: what it says to the room, and what it has the server say to itself. */
const streams = (who) => [who, `${who}>`];

/** Numbers that one sender says in one of its lives. */
class Life {
  /** All below are acknowledged or unsure. */
  next = 0;
  /** All below were looked at when nothing was under way. */
  marked = 0;
  unsure = new Set();
  isOver = false;
  isKilled = false;
}

/** A client, as one that hears. */
class Client {
  life = -1;
  /** Has been in the room since the last mark. */
  isSteady = false;
  /** By `sender/life`: the first and the last number that it has heard, and those between that it has not. */
  heard = new Map();
  /** The same of its earlier lives since the last mark. */
  earlier = [];
}

export class Ledger {
  counts = {
    acknowledged: 0,
    unsure: 0,
    heard: 0,
    /** Numbers that died with their node. */
    killed: 0,
    /** Clients that came back as the same, and as new ones. */
    recovered: 0,
    renewed: 0,
    /** Faults. */
    lost: 0,
    doubled: 0,
    reordered: 0,
    strangers: 0,
    wrong: 0,
  };
  faults = [];
  #clients = new Map();
  /** By sender: its lives since the last mark. */
  #lives = new Map();
  /** Killed nodes with the time of it, and when the broker was away. */
  #kills = [];
  #outages = [];
  #awayLimit;

  /** `awayLimit`: milliseconds for which a client is waited for. */
  constructor(awayLimit) {
    this.#awayLimit = awayLimit;
  }

  fault(kind, text) {
    this.counts[kind] += 1;
    if (this.faults.length < FAULTS_SHOWN) {
      this.faults.push(`${kind}: ${text}`);
    }
  }

  nodeKilled(node, at) {
    this.#kills.push({ node, at });
  }

  /** The broker is away from now on; the returned function says that it is back. */
  outage(at) {
    const outage = { from: at, to: Infinity };
    this.#outages.push(outage);
    return (to) => (outage.to = to);
  }

  /** A client has a connection again: it was at `node` from `cameAt` until `leftAt`. */
  returned({ who, at, recovered, recovers, node, cameAt, leftAt }) {
    if (recovered) {
      this.counts.recovered += 1;
      return;
    }
    // Of a connection that did not last until it was told its node, nobody knows it.
    const isOf = (kill) => (node ?? kill.node) === kill.node;
    const wasKilled = this.#kills.some((kill) => isOf(kill) && kill.at >= cameAt && kill.at <= at);
    const wasOutage = this.#outages.some(({ from, to }) => from <= at && to >= leftAt);
    if (!recovers || wasKilled || wasOutage || at - leftAt > this.#awayLimit) {
      this.counts.renewed += 1;
    } else {
      const times = `there since ${time(cameAt)}, away from ${time(leftAt)} to ${time(at)}`;
      this.fault("strangers", `${who} of ${node}, ${times}, came back as a new client`);
    }
    const ended = streams(who).map((stream) => this.#lives.get(stream)?.at(-1));
    ended.filter(Boolean).forEach((life) => Object.assign(life, { isOver: true, isKilled: wasKilled }));
  }

  /** A client is in the room. */
  came({ who, life }) {
    this.#live(who, life);
    streams(who).forEach((stream) => this.#life(stream, life));
  }

  acknowledged({ who, life, number }) {
    this.counts.acknowledged += 1;
    streams(who).forEach((stream) => (this.#life(stream, life).next = number + 1));
  }

  unsure({ who, life, number }) {
    this.counts.unsure += 1;
    for (const stream of streams(who)) {
      const one = this.#life(stream, life);
      one.next = number + 1;
      one.unsure.add(number);
    }
  }

  heard({ who, life, list }) {
    const client = this.#live(who, life);
    this.counts.heard += list.length;
    for (const [sender, senderLife, number] of list) {
      const key = `${sender}/${senderLife}`;
      const entry = client.heard.get(key);
      if (entry === undefined) {
        client.heard.set(key, { first: number, last: number, gaps: new Set() });
      } else if (number > entry.last) {
        for (let gap = entry.last + 1; gap < number; gap += 1) {
          entry.gaps.add(gap);
        }
        entry.last = number;
      } else if (entry.gaps.delete(number)) {
        this.fault("reordered", `${who} heard ${number} of ${key} after ${entry.last}`);
      } else {
        this.fault("doubled", `${who} heard ${number} of ${key} again`);
      }
    }
  }

  /** The numbers that are missing so far at those who were there all the time, as texts. */
  missing() {
    return this.#missing().map(({ text }) => text);
  }

  /** Nothing is under way: compares all, and begins anew. */
  mark() {
    this.#missing().forEach(({ text }) => this.fault("lost", text));
    this.#checkGaps();
    this.#checkTails();
    for (const client of this.#clients.values()) {
      client.isSteady = true;
      client.earlier = [];
    }
    for (const [who, lives] of this.#lives) {
      lives.forEach((life) => (life.marked = life.next));
      const over = lives.flatMap((life, nth) => (life?.isOver ? [nth] : []));
      over.forEach((nth) => delete lives[nth]);
      over.forEach((nth) => this.#clients.forEach(({ heard }) => heard.delete(`${who}/${nth}`)));
    }
  }

  #missing() {
    return this.#pairs().flatMap(({ who, key, life, entry }) => {
      const missing = [];
      const last = entry?.last ?? -1;
      for (let number = life.marked; number < life.next; number += 1) {
        const isHeard = entry !== undefined && number >= entry.first && number <= last && !entry.gaps.has(number);
        if (!isHeard && !life.unsure.has(number) && !(life.isKilled && number > last)) {
          missing.push(number);
        }
      }
      return missing.length === 0 ? [] : [{ text: `${who} has not heard ${ranges(missing)} of ${key}` }];
    });
  }

  /** Numbers that are missing between others, at those who were not there all the time. */
  #checkGaps() {
    for (const [who, client] of this.#clients) {
      const all = client.isSteady ? client.earlier : [...client.earlier, client.heard];
      for (const [key, { gaps }] of all.flatMap((heard) => [...heard])) {
        const [sender, nth] = key.split("/");
        const unsure = this.#lives.get(sender)?.[nth]?.unsure;
        const lost = [...gaps].filter((number) => !unsure?.has(number));
        if (lost.length > 0) {
          this.fault("lost", `${who} has not heard ${ranges(lost)} of ${key}, but what came before and after`);
        }
        gaps.clear();
      }
    }
  }

  /** The last ones that came of a life that ended with its node are the same at all. */
  #checkTails() {
    const tails = new Map();
    for (const { who, key, life, entry } of this.#pairs().filter(({ life }) => life.isKilled)) {
      const last = entry?.last ?? life.marked - 1;
      this.counts.killed += Math.max(0, life.next - 1 - last);
      const one = tails.get(key) ?? { who, last };
      tails.set(key, one);
      if (one.last !== last) {
        const both = `${one.who} has heard up to ${one.last}, but ${who} up to ${last}`;
        this.fault("lost", `of ${key}, whose node was killed, ${both}`);
      }
    }
  }

  /** Each who was there all the time, with each life that it must have heard. */
  #pairs() {
    const pairs = [];
    for (const [who, client] of this.#clients) {
      const own = streams(who)[1];
      const isFor = ([sender]) => sender === own || !sender.endsWith(">");
      for (const [sender, lives] of client.isSteady ? [...this.#lives].filter(isFor) : []) {
        lives.forEach((life, nth) => {
          const key = `${sender}/${nth}`;
          pairs.push({ who, key, life, entry: client.heard.get(key) });
        });
      }
    }
    return pairs;
  }

  #live(who, life) {
    const client = this.#clients.get(who) ?? new Client();
    this.#clients.set(who, client);
    if (client.life !== life) {
      client.life = life;
      client.isSteady = false;
      client.earlier.push(client.heard);
      client.heard = new Map();
    }
    return client;
  }

  #life(who, nth) {
    const lives = this.#lives.get(who) ?? [];
    this.#lives.set(who, lives);
    return (lives[nth] ??= new Life());
  }
}

const time = (at) => new Date(at).toISOString().slice(11, 23);

/** `3–7, 9` */
function ranges(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) {
      last[1] = number;
    } else {
      found.push([number, number]);
    }
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
}
