// Names that look the same. The server has taken out of them what cannot be seen; letters that look alike are left.

import type { Person } from "./contract.js";

/** Pairs of a letter of another script, or a sign, and the small Latin letter that it passes for. */
const ALIKE =
  "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw вb кk мm нh тt гr αa βb εe ζz ηh ιi κk μm νn οo ρp τt υy χx 0o 1i |i !i li";
const LETTERS = new Map(ALIKE.split(" ").map((pair) => [...pair] as [string, string]));

/** A name as it looks at a glance: no case, no accents, no spaces, and letters that look alike are the same. */
export function lookOf(name: string): string {
  const letters = name.normalize("NFKD").toLowerCase().replace(/[\p{M}\p{Z}]/gu, "");
  return [...letters].map((letter) => LETTERS.get(letter) ?? letter).join("");
}

/** The ids of those in a list of people whose name somebody else could be taken for; own messages are signed `You`. */
export function twins(people: readonly Person[]): Set<string> {
  const named = people.flatMap(({ id, name }) => (name ? [{ id, name }] : []));
  const idsOf = Map.groupBy(named, ({ name }) => lookOf(name));
  const own = lookOf("You");
  return new Set([...idsOf].flatMap(([look, same]) => (same.length > 1 || look === own ? same.map(({ id }) => id) : [])));
}
