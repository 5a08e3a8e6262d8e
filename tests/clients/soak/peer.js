// Clients in JavaScript, in a process that can be stopped: `peer.js CLIENTS`, a list of `{ name, url, mode, every }` in
// JSON. The mode `old` is the client of Socket.IO 2, which upgrades, and cannot be recovered.
//
// Each enters the room and, every so many milliseconds, has the server send its next number to all and to itself, and
// asks for an acknowledgement. What it sees goes to the standard output, one JSON object a line. A line `mark NTH` on
// the standard input makes each say one more number, tell that it is `marked`, and be silent until a line `talk` comes.

import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";

import { io } from "socket.io-client";
import ioOfTwo from "socket.io-client-2";

import { MODES } from "../support/client.js";

const ROOM = "soak";
/** How long what was heard is collected. */
const BATCH_MS = 100;
/** One number in so many has bytes with it. */
const WITH_BYTES = 8;
const BYTES = Buffer.alloc(4_000, 7);
/** One in so many is followed by a question of the server's. */
const ASKED = 5;

class Gone extends Error {}

class Talker {
  #recovers;
  #life = -1;
  #number = 0;
  #isIn = false;
  #heard = [];
  #mark;
  #isMarked = false;
  #cameAt;
  #leftAt;
  #node;

  constructor({ name, url, mode, every }) {
    this.name = name;
    this.every = every;
    this.#recovers = mode !== "old";
    this.socket = (this.#recovers ? io : ioOfTwo)(url, {
      transports: MODES[this.#recovers ? mode : "upgrade"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      timeout: 10_000,
    });
    this.socket.on("connect", () => this.#connected());
    this.socket.on("disconnect", (reason) => {
      this.#leftAt = Date.now();
      this.tell("left", { reason });
    });
    this.socket.on("number", (sender, life, number) => this.#hear([sender, life, number]));
    this.socket.on("echoed", (life, number) => this.#hear([`${name}>`, life, number]));
    this.socket.on("please", (number, answer) => answer(number));
    this.run();
  }

  tell(what, more = {}) {
    this.#flush();
    write({ what, who: this.name, life: this.#life, at: Date.now(), ...more });
  }

  #hear(what) {
    if (this.#heard.length === 0) {
      setTimeout(() => this.#flush(), BATCH_MS);
    }
    this.#heard.push(what);
  }

  #flush() {
    const list = this.#heard;
    if (list.length > 0) {
      this.#heard = [];
      write({ what: "heard", who: this.name, life: this.#life, list });
    }
  }

  #connected() {
    const recovered = this.socket.recovered === true;
    if (this.#leftAt !== undefined) {
      const times = { cameAt: this.#cameAt, leftAt: this.#leftAt };
      this.tell("returned", { recovered, recovers: this.#recovers, node: this.#node, ...times });
    }
    this.#flush();
    this.#cameAt = Date.now();
    this.#node = undefined;
    if (!recovered) {
      this.#life += 1;
      this.#number = 0;
      this.#isIn = false;
    }
  }

  /** The first argument of the answer; fails if the connection is lost before, or the server says that it stops. */
  #ask(...event) {
    return new Promise((resolve, reject) => {
      const lost = () => reject(new Gone());
      this.socket.once("disconnect", lost);
      this.socket.emit(...event, (answer) => {
        this.socket.off("disconnect", lost);
        if (answer?.code === "shutting_down") {
          lost();
        } else {
          resolve(answer);
        }
      });
    });
  }

  async run() {
    for (;;) {
      if (!this.socket.connected) {
        await new Promise((resolve) => this.socket.once("connect", resolve));
      }
      try {
        await this.#enter();
        await this.#beat();
        await this.#marking();
      } catch (error) {
        if (!(error instanceof Gone)) {
          throw error;
        }
      }
      await sleep(this.every * (0.5 + Math.random()));
    }
  }

  async #enter() {
    // The node changes with each connection, also if the client is recovered.
    this.#node = (await this.#ask("cluster")).node;
    if (!this.#isIn) {
      await this.#ask("join", ROOM);
      this.#isIn = true;
      this.tell("came", { node: this.#node, id: this.socket.id });
    }
  }

  async #beat() {
    const [life, number] = [this.#life, this.#number];
    this.#number += 1;
    this.socket.emit("echo", life, number);
    const bytes = number % WITH_BYTES === 0 ? [BYTES] : [];
    const args = [this.name, life, number, ...bytes];
    const began = performance.now();
    try {
      const answer = await this.#ask("cast", { from: "server", to: [ROOM], event: "number", args });
      const took = performance.now() - began;
      if (answer !== true) {
        this.tell("wrong", { text: `number ${number} was answered with ${JSON.stringify(answer)}` });
      }
      this.tell("acknowledged", { life, number, took });
    } catch (error) {
      this.tell("unsure", { life, number });
      throw error;
    }
    if (number % ASKED === 0) {
      const answer = await this.#ask("call", 30_000, number);
      if (answer.ok?.[0] !== number && answer.timeout !== true) {
        this.tell("wrong", { text: `the server was answered ${number}, and has ${JSON.stringify(answer)}` });
      }
    }
  }

  /** After a mark, a number has been said: is silent until all talk again. */
  async #marking() {
    if (this.#mark !== undefined && this.#isMarked) {
      const released = this.#mark;
      this.tell("marked", { nth: released.nth });
      await released.over;
    }
    this.#isMarked = this.#mark !== undefined;
  }

  mark(nth) {
    const mark = { nth };
    mark.over = new Promise((resolve) => (mark.release = resolve));
    this.#mark?.release();
    this.#mark = mark;
    this.#isMarked = false;
  }

  talk() {
    this.#mark?.release();
    this.#mark = undefined;
  }
}

function write(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const talkers = JSON.parse(process.argv[2]).map((client) => new Talker(client));
for await (const line of createInterface({ input: process.stdin })) {
  const [what, nth] = line.split(" ");
  talkers.forEach((talker) => (what === "mark" ? talker.mark(Number(nth)) : talker.talk()));
}
// The input has ended: leaves in order.
talkers.forEach(({ socket }) => socket.disconnect());
setTimeout(() => process.exit(), 1_000);
