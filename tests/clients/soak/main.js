// Real nodes, Redis, a load balancer and clients, through faults of a seeded list: `make soak MINUTES=30 SEED=1`.
//
// Rounds, until the time is over: faults of clients, one upon the other; one of the nodes or of the broker; then all
// heals, each client says one more number, and what everybody has heard is compared with what was sent (`ledger.js` has
// the rules). A round takes as long as the machine needs: no rule depends on time.

import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { startBalancer } from "../support/balancer.js";
import { startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";
import { Faults } from "./faults.js";
import { Ledger } from "./ledger.js";
import { Link } from "./link.js";
import { Nodes, RECOVERY_S } from "./nodes.js";
import { Peer, marked, present } from "./peers.js";
import { report } from "./report.js";
import { Seeded } from "./seeded.js";

const NODES = 3;
/** The processes with clients, and the ways in which each of their clients lives. */
const PEERS = [
  { language: "javascript", modes: ["polling", "websocket", "upgrade"] },
  { language: "javascript", modes: ["polling", "websocket", "upgrade", "old"] },
  { language: "python", modes: ["polling", "websocket", "upgrade"] },
];
/** Milliseconds from one number of a client to its next. */
const EVERY_MS = 300;
const INNOCENT_EVERY_MS = 50;
/** How long faults of clients go on in a round before something happens to the nodes, and after. */
const BEFORE_MS = [3_000, 8_000];
const AFTER_MS = [500, 4_000];
/** As many as there are kinds of faults of nodes. */
const LEAST_ROUNDS = 3;
/** Waits are for something; this is when it counts as never coming, whatever the machine. */
const NEVER_MS = 180_000;
/** Clients that were away for so long may come back as new ones. */
const AWAY_LIMIT_MS = RECOVERY_S * 1000 - 3_000;

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, out: { type: "string" } },
});
const minutes = Number(values.minutes ?? 30);
const seed = Number(values.seed || (Math.random() * 2 ** 32) >>> 0);
const out = values.out ?? "target/soak";
const began = Date.now();
const passed = () => ((Date.now() - began) / 60_000).toFixed(1);

await mkdir(out, { recursive: true });
const journal = createWriteStream(`${out}/journal.jsonl`);
const note = (what, more) => journal.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
const log = (text) => note("fault", { text });
console.log(`soak: seed ${seed}, ${minutes} minutes; what happens is in ${out}/journal.jsonl`);

const ledger = new Ledger(AWAY_LIMIT_MS);
const outcome = { ledger, gaps: [], leaks: [], errors: [], took: [], partings: 0 };
let isOver = false;

/** A client has said something. */
function hears({ what, ...said }) {
  if (what === "wrong") {
    ledger.fault("wrong", `${said.who}: ${said.text}`);
  } else if (typeof ledger[what] === "function") {
    ledger[what](said);
  }
  if (what !== "heard" && what !== "acknowledged") {
    note(what, said);
  }
  if (said.who === "innocent" && what === "acknowledged") {
    outcome.took.push(said.took);
  } else if (said.who === "innocent" && what === "left" && !isOver) {
    outcome.partings += 1;
  }
}

const redis = await startRedis();
const nodes = await Nodes.start(redis, NODES);
await nodes.acquainted();
const before = await nodes.census();
const balancer = await startBalancer(nodes.ports);
const peers = [];
for (const [nth, { language, modes }] of PEERS.entries()) {
  const link = await Link.open(new URL(balancer.url).port);
  const name = `${language} ${nth}`;
  const clients = modes.map((mode) => ({ name: `${name} ${mode}`, url: link.url, mode, every: EVERY_MS }));
  peers.push(new Peer(name, language, clients, hears, link));
}
// On the first node, which nothing happens to, and without a link.
const innocent = { name: "innocent", url: nodes.all[0].url, mode: "websocket", every: INNOCENT_EVERY_MS };
const everybody = [...peers, new Peer("innocent", "javascript", [innocent], hears)];

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    everybody.forEach((peer) => peer.kill());
    await Promise.allSettled([...nodes.all, redis].map((program) => program.kill()));
    process.exit(1);
  });
}

const random = new Seeded(seed);
// Of its own: how many faults of clients there are depends on how fast the machine is.
const faults = new Faults({ ofClients: new Seeded(seed + 1), ofNodes: random }, peers);
let marks = 0;

/** All has healed: compares what everybody has heard. */
async function settle() {
  await nodes.acquainted();
  do {
    await present(everybody, NEVER_MS);
    marks += 1;
    await marked(everybody, marks, NEVER_MS);
    const missing = async () => ledger.missing();
    await until(missing, ({ length }) => length === 0, "what was not heard", NEVER_MS).catch(() => {});
  } while (!everybody.every((peer) => peer.hasMarked(marks)));
  ledger.mark();
  everybody.forEach((peer) => peer.tell("talk"));
}

async function round() {
  let isEnough = false;
  const disturbing = faults.disturb(() => isEnough, log);
  try {
    await sleep(random.between(...BEFORE_MS));
    await faults.strike({ nodes, redis, ledger, log });
    await sleep(random.between(...AFTER_MS));
  } finally {
    isEnough = true;
    await disturbing;
  }
  await settle();
}

let after = before;
try {
  await settle();
  for (let nth = 1; Date.now() - began < minutes * 60_000 || nth <= LEAST_ROUNDS; nth += 1) {
    await round();
    note("round", { nth, counts: ledger.counts });
    console.log(`round ${nth} after ${passed()} min: ${ledger.counts.heard} received, ${ledger.faults.length} faults`);
    if (ledger.faults.length > 0) {
      break;
    }
  }
  outcome.gaps = await nodes.gaps();
  isOver = true;
  await Promise.all(everybody.map((peer) => peer.leave()));
  const left = async () => nodes.held(before);
  await until(left, ({ length }) => length === 0, "all to be as before", NEVER_MS).catch(() => {});
  outcome.leaks = await left();
  after = await nodes.census();
} catch (error) {
  outcome.errors.push(error.message);
}

const again = `make soak MINUTES=${minutes} SEED=${seed}`;
const names = nodes.all.map(({ name }) => name);
const broken = report({ ...outcome, again, minutes: passed(), faults: faults.counts, before, after, names });
everybody.forEach((peer) => peer.kill());
peers.forEach(({ link }) => link.stop());
await balancer.stop();
await nodes.end().catch((error) => console.log(`soak: ${error.message}`));
await redis.stop();
journal.end();
process.exitCode = broken === 0 ? 0 : 1;
