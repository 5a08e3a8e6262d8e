// Values on the page: examples of schemas, and JSON with bytes in it, which are written as {"$bytes": "base64"}.

const MOST_DEPTH = 6;

/** The schema that a reference means, with what stands beside it. */
function resolved(schema, types) {
  let found = schema;
  for (let hops = 0; hops < 32 && found && typeof found === "object" && found.$ref; hops += 1) {
    const { $ref, ...beside } = found;
    const target = types[$ref.replace("#/types/", "")] ?? {};
    found = Object.keys(beside).length > 0 && typeof target === "object" ? merged(target, beside) : target;
  }
  return found;
}

function merged(a, b) {
  const both = { ...a, ...b };
  if (a.properties || b.properties) both.properties = { ...a.properties, ...b.properties };
  if (a.required || b.required) both.required = [...(a.required ?? []), ...(b.required ?? [])];
  return both;
}

/** A value that fits a schema: the first example that it names, or one that is made up. */
export function example(schema, types, depth = 0) {
  const found = resolved(schema, types);
  if (found === true || found === undefined || found === null || typeof found !== "object") return null;
  if (found.examples?.length) return found.examples[0];
  if ("const" in found) return found.const;
  if (found.enum) return found.enum[0];
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found["x-socketio-attachment"]) return { $bytes: "AQID" };
  if (depth > MOST_DEPTH) return null;
  const forms = found.oneOf ?? found.anyOf;
  let base = {};
  if (forms?.length) {
    const form = forms.find((one) => resolved(one, types)?.type !== "null") ?? forms[0];
    const made = example(form, types, depth + 1);
    if (!found.properties || made === null || typeof made !== "object") return made;
    base = made;
  }
  const all = (found.allOf ?? []).map((one) => example(one, types, depth + 1));
  const type = Array.isArray(found.type) ? found.type.find((one) => one !== "null") : found.type;
  switch (type) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return Math.max(found.minimum ?? 1, Math.min(1, found.maximum ?? 1));
    case "string":
      return text(found);
    case "array":
      if (found.prefixItems) return found.prefixItems.map((one) => example(one, types, depth + 1));
      if (found.items === undefined || depth >= MOST_DEPTH) return [];
      return Array.from({ length: Math.max(1, found.minItems ?? 1) }, () => example(found.items, types, depth + 1));
  }
  if (!found.properties && all.length > 0) return all.every((one) => typeof one === "object") ? Object.assign({}, ...all) : all[0];
  if (type !== "object" && !found.properties) return null;
  const made = Object.assign(base, ...all);
  for (const [name, one] of Object.entries(found.properties ?? {})) {
    if (found.required?.includes(name) || depth === 0) made[name] = example(one, types, depth + 1);
  }
  return made;
}

function text({ format, minLength = 0 }) {
  const known = {
    date: "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    time: "12:00:00",
    uuid: "00000000-0000-4000-8000-000000000000",
    uri: "https://example.com/",
    email: "ada@example.com",
    ip: "127.0.0.1",
    ipv4: "127.0.0.1",
    ipv6: "::1",
  };
  return known[format] ?? "text".padEnd(minLength, ".");
}

/**
 * The kind of field that a schema needs: a list of values, "boolean", "number", "string", or null for JSON.
 * `hasNull`: null is given in another way.
 */
export function simpleKind(schema, types, hasNull = false) {
  const found = resolved(schema, types);
  if (found?.enum && found.enum.every((value) => typeof value !== "object" || value === null)) return found.enum;
  const forms = found?.oneOf;
  if (forms?.length && forms.every((one) => "const" in one)) return forms.map((one) => one.const);
  const kinds = [found?.type].flat().filter((kind) => !(hasNull && kind === "null"));
  if (kinds.length !== 1) return null;
  if (kinds[0] === "integer") return "number";
  return ["boolean", "number", "string"].includes(kinds[0]) ? kinds[0] : null;
}

/** Reads JSON; nothing is null. */
export function parse(text) {
  return JSON.parse(text.trim() === "" ? "null" : text);
}

/** Puts bytes in the place of {"$bytes": "base64"}. */
export function bytesOf(value) {
  if (Array.isArray(value)) return value.map(bytesOf);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string" && Object.keys(value).length === 1) {
    return Uint8Array.from(atob(value.$bytes), (letter) => letter.charCodeAt(0));
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bytesOf(one)]));
}

/** A value as text, with bytes as they are written in an editor. */
export function format(value) {
  const shown = (_, one) => {
    if (one instanceof ArrayBuffer) return base64(new Uint8Array(one));
    return ArrayBuffer.isView(one) ? base64(new Uint8Array(one.buffer, one.byteOffset, one.byteLength)) : one;
  };
  return JSON.stringify(value, shown, 2) ?? "undefined";
}

function base64(bytes) {
  return { $bytes: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}
