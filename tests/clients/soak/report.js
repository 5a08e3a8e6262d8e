// The report: a table, a line for each promise, and a last line, which `tests/clients/run` counts.

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** The milliseconds below which so many percent are. */
function percentile(sorted, percent) {
  const value = sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
  return `${value?.toFixed(1)} ms`;
}

function holdings({ memory, ...rest }) {
  return [mebibytes(memory), ...Object.entries(rest).map(([what, count]) => `${what} ${count}`)].join(", ");
}

/** Prints the report and returns how many promises were broken. */
export function report({ ledger, gaps, leaks, errors, took, partings, again, minutes, faults, before, after, names }) {
  const { counts } = ledger;
  const times = [...took].sort((one, other) => one - other);
  const rows = {
    faults: Object.entries(faults).map(([name, count]) => `${name} ${count}`).join(", "),
    sent: `${counts.acknowledged} acknowledged; ${counts.unsure} unsure, since the connection broke`,
    received: `${counts.heard}`,
    died: `${counts.killed} with the nodes that were killed, the same for all`,
    "came back": `${counts.recovered} as the same, ${counts.renewed} as new ones where they may`,
    innocent: `p50 ${percentile(times, 50)}, p99 ${percentile(times, 99)}, of ${times.length}`,
    ...Object.fromEntries(names.map((name, nth) => [name, holdings(after[nth])])),
    before: holdings(before[0]),
  };
  console.log(`soak of ${minutes} minutes; the same faults again: ${again}`);
  Object.entries(rows).forEach(([name, text]) => console.log(`  ${name.padEnd(10)} ${text}`));

  const promises = {
    "nothing is lost where losing is not allowed": counts.lost,
    "nothing is doubled": counts.doubled,
    "nothing is reordered": counts.reordered,
    "each answer is the right one": counts.wrong,
    "who may come back as the same does": counts.strangers,
    "nodes have missed nothing of each other": gaps.length,
    "the innocent client is never disconnected": partings,
    "nodes hold what they held before": leaks.length,
    "all came to its end": errors.length,
  };
  for (const [name, count] of Object.entries(promises)) {
    console.log(count === 0 ? `held: ${name}` : `BROKEN, ${count} times: ${name}`);
  }
  const between = gaps.map((gap) => `lost between nodes: ${JSON.stringify(gap)}`);
  [...ledger.faults, ...leaks, ...errors, ...between].forEach((text) => console.log(`  ${text}`));
  const broken = Object.values(promises).filter((count) => count > 0).length;
  if (broken > 0) {
    console.log(`again: ${again}`);
  }
  console.log(`soak: ${Object.keys(promises).length - broken} held, ${broken} broken`);
  return broken;
}
