// The chat on three nodes, whose proxy gives each request to the next of them: `make cluster`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Person, launch } from "../support/browser.js";
import { startCluster } from "../support/servers.js";
import { until } from "../support/wait.js";

let browser;
let cluster;

before(async () => {
  browser = await launch();
  cluster = await startCluster();
});

after(async () => {
  await browser?.close();
  await cluster?.stop();
});

/** The node that the page says it is on; empty while it has none. */
const nodeOf = (person) =>
  person.page.evaluate(() => {
    const shown = document.getElementById("node");
    return shown.hidden ? "" : shown.textContent;
  });

test("people on several nodes see each other, and stay together when a node is killed", async (t) => {
  const people = [];
  const nodes = new Set();
  // Which node gets whom depends on how many requests the pages make.
  for (const name of ["Ada", "Bob", "Eve", "Gus", "Hal", "Ida", "Jim"]) {
    const person = await Person.arrive(t, browser, cluster.url, name);
    people.push(person);
    nodes.add(await until(() => nodeOf(person), (node) => /^node [abc]$/.test(node), "the node"));
    if (people.length >= 2 && nodes.size > 1) {
      break;
    }
  }
  assert.ok(nodes.size > 1, "the proxy spreads them");
  const names = people.map(({ name }) => name);
  for (const person of people) {
    await person.sees(person.name, ...names.filter((name) => name !== person.name));
  }

  const [ada, bob] = people;
  await ada.isAnswered("hello to all nodes");
  for (const person of people.slice(1)) {
    await person.hears("Ada", "hello to all nodes");
  }

  const killed = await nodeOf(ada);
  cluster.tell(killed.replace("node", "kill"));
  await until(() => nodeOf(ada), (node) => node !== "" && node !== killed, "another node");
  await bob.isAnswered("are you still there?");
  await ada.hears("Bob", "are you still there?");
  await ada.isAnswered("I am");
  await bob.hears("Ada", "I am");
});
