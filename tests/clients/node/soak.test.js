// The rules by which `make soak` finds what is lost, doubled and reordered.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger } from "../soak/ledger.js";

const AWAY_LIMIT_MS = 1_000;

/** Two clients that were there when all was compared last. */
function steady() {
  const ledger = new Ledger(AWAY_LIMIT_MS);
  ledger.came({ who: "ada", life: 0 });
  ledger.came({ who: "bob", life: 0 });
  ledger.mark();
  return ledger;
}

/** Ada says numbers, which are acknowledged. */
function says(ledger, ...numbers) {
  numbers.forEach((number) => ledger.acknowledged({ who: "ada", life: 0, number }));
  hears(ledger, "ada", ...numbers.flatMap((number) => [["ada", 0, number], ["ada>", 0, number]]));
}

function hears(ledger, who, ...list) {
  ledger.heard({ who, life: 0, list });
}

const numbers = (...all) => all.map((number) => ["ada", 0, number]);

function found(ledger) {
  ledger.mark();
  const { lost, doubled, reordered, strangers } = ledger.counts;
  return { lost, doubled, reordered, strangers };
}

const NOTHING = { lost: 0, doubled: 0, reordered: 0, strangers: 0 };

test("numbers that all hear in order are no fault, nor is an unsure one that nobody hears", () => {
  const ledger = steady();
  says(ledger, 0, 1);
  ledger.unsure({ who: "ada", life: 0, number: 2 });
  says(ledger, 3);
  hears(ledger, "bob", ...numbers(0, 1, 3));
  assert.deepEqual(ledger.missing(), []);
  assert.deepEqual(found(ledger), NOTHING);
});

test("a number that one does not hear is lost: the first, one between others, and the last", () => {
  for (const all of [[1, 2], [0, 2], [0, 1], []]) {
    const ledger = steady();
    says(ledger, 0, 1, 2);
    hears(ledger, "bob", ...numbers(...all));
    assert.equal(ledger.missing().length, 1, `${all}`);
    assert.deepEqual(found(ledger), { ...NOTHING, lost: 1 }, `${all}`);
  }
});

test("so is one that the server should have sent to who has said it", () => {
  const ledger = steady();
  ledger.acknowledged({ who: "ada", life: 0, number: 0 });
  hears(ledger, "ada", ["ada", 0, 0]);
  hears(ledger, "bob", ["ada", 0, 0]);
  assert.deepEqual(ledger.missing(), ["ada has not heard 0 of ada>/0"]);
});

test("a number that comes again is doubled, and one that comes too late is reordered", () => {
  const doubled = steady();
  says(doubled, 0, 1);
  hears(doubled, "bob", ...numbers(0, 1, 0));
  assert.deepEqual(found(doubled), { ...NOTHING, doubled: 1 });
  const reordered = steady();
  says(reordered, 0, 1, 2);
  hears(reordered, "bob", ...numbers(0, 2, 1));
  assert.deepEqual(found(reordered), { ...NOTHING, reordered: 1 });
});

test("a newcomer hears what comes from its first number on without a gap", () => {
  for (const [all, lost] of [[[2, 3], 0], [[1, 3], 1]]) {
    const ledger = steady();
    ledger.heard({ who: "eve", life: 0, list: numbers(...all) });
    says(ledger, 0, 1, 2, 3);
    hears(ledger, "bob", ...numbers(0, 1, 2, 3));
    assert.deepEqual(found(ledger), { ...NOTHING, lost }, `${all}`);
  }
});

test("what came before one was a new client has no gap either", () => {
  const ledger = steady();
  says(ledger, 0, 1, 2);
  hears(ledger, "bob", ...numbers(0, 2));
  ledger.came({ who: "bob", life: 1 });
  assert.deepEqual(found(ledger), { ...NOTHING, lost: 1 });
});

/** Ada comes back as a new client, after so many milliseconds. */
function renewed(ledger, away = 10) {
  const times = { cameAt: 1_000, leftAt: 2_000, at: 2_000 + away };
  ledger.returned({ who: "ada", recovered: false, recovers: true, node: "a", ...times });
  ledger.came({ who: "ada", life: 1 });
}

test("the last numbers may die with the node of who has said them, if they do for all", () => {
  for (const [eve, lost] of [[[0], 0], [[0, 1], 1]]) {
    const ledger = steady();
    ledger.came({ who: "eve", life: 0 });
    ledger.mark();
    says(ledger, 0, 1, 2);
    hears(ledger, "bob", ...numbers(0));
    ledger.heard({ who: "eve", life: 0, list: numbers(...eve) });
    ledger.nodeKilled("a", 1_500);
    renewed(ledger);
    assert.deepEqual(found(ledger), { ...NOTHING, lost }, `${eve}`);
  }
});

test("not those before others, nor those of a node that lives", () => {
  const before = steady();
  says(before, 0, 1, 2);
  hears(before, "bob", ...numbers(0, 2));
  before.nodeKilled("a", 1_500);
  renewed(before);
  assert.deepEqual(found(before), { ...NOTHING, lost: 1 });
  const living = steady();
  says(living, 0, 1);
  hears(living, "bob", ...numbers(0));
  living.nodeKilled("b", 1_500);
  renewed(living);
  assert.deepEqual(found(living), { ...NOTHING, lost: 1, strangers: 1 });
});

test("a client comes back as the same unless its node was killed, the broker was away, or it was away for long", () => {
  const strangers = (prepare, away) => {
    const ledger = steady();
    prepare(ledger);
    renewed(ledger, away);
    return found(ledger).strangers;
  };
  const nothing = () => {};
  assert.equal(strangers(nothing), 1);
  assert.equal(strangers((ledger) => ledger.nodeKilled("b", 1_500)), 1);
  assert.equal(strangers((ledger) => ledger.nodeKilled("a", 500)), 1);
  assert.equal(strangers((ledger) => ledger.outage(500)(900)), 1);
  assert.equal(strangers((ledger) => ledger.nodeKilled("a", 1_500)), 0);
  assert.equal(strangers((ledger) => ledger.outage(1_500)(2_005)), 0);
  assert.equal(strangers((ledger) => ledger.outage(2_005)), 0);
  assert.equal(strangers(nothing, AWAY_LIMIT_MS + 1), 0);
});

test("what was compared once does not count again", () => {
  const ledger = steady();
  says(ledger, 0);
  hears(ledger, "bob", ...numbers(0));
  ledger.mark();
  says(ledger, 1);
  assert.deepEqual(ledger.missing(), ["bob has not heard 1 of ada/0"]);
  hears(ledger, "bob", ...numbers(1));
  assert.deepEqual(found(ledger), NOTHING);
});
