// The page that documents a server: lists namespaces, events and types, and tries them by the official client.
import { bytesOf, example, format, parse, simpleKind } from "./values.js";

const MOST_ENTRIES = 200;

/** Makes an element. `attributes` that are functions are listeners. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(name, value);
    } else if (value !== false && value !== undefined && value !== null) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const byId = (id) => document.getElementById(id);
let contract;
let entries = 0;

/** Writes a line of the log. `kind`: `good`, `bad` or nothing. */
function log(title, values, kind = "") {
  const time = new Date().toLocaleTimeString();
  const text = values === undefined ? null : h("pre", {}, values.map(format).join("\n"));
  byId("entries").prepend(h("li", {}, h("span", { class: kind }, title), " ", h("time", { class: "quiet" }, time), text));
  entries += 1;
  byId("log-count").textContent = `(${entries})`;
  while (byId("entries").childElementCount > MOST_ENTRIES) {
    byId("entries").lastElementChild.remove();
  }
}

const isError = (value) => value?.status === "error" && typeof value.code === "string";

/** An editor of one value: a field where the type is simple, JSON where it is not. `read` throws on bad JSON. */
function editor(name, schema, { isOptional, id, send }) {
  const kind = simpleKind(schema, contract.types, isOptional);
  const sample = example(schema, contract.types);
  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send?.();
    }
  };
  let field;
  if (Array.isArray(kind)) {
    field = h("select", { id }, ...kind.map((value) => h("option", { value: JSON.stringify(value) }, format(value))));
  } else if (kind === "boolean") {
    field = h("select", { id }, h("option", { value: "true" }, "true"), h("option", { value: "false" }, "false"));
  } else if (kind === "number" || kind === "string") {
    field = h("input", { id, type: kind === "number" ? "number" : "text", step: "any", value: sample, keydown: keys });
  } else {
    const text = format(sample);
    field = h("textarea", { id, rows: Math.min(12, text.split("\n").length + 1), spellcheck: "false", keydown: keys });
    field.value = text;
  }
  const without = isOptional ? h("input", { type: "checkbox", change: () => (field.disabled = without.checked) }) : null;
  const mistake = h("span", { class: "bad", role: "alert" });
  const read = () => {
    field.removeAttribute("aria-invalid");
    mistake.textContent = "";
    if (without?.checked) return null;
    try {
      if (kind === "string") return field.value;
      if (kind === "number" && field.value === "") throw new Error("a number is needed");
      return parse(field.value);
    } catch (error) {
      field.setAttribute("aria-invalid", "true");
      mistake.textContent = error.message;
      field.focus();
      throw error;
    }
  };
  const leaveOut = without ? h("label", { class: "inline" }, without, `without ${name}`) : null;
  return { node: h("div", {}, h("label", {}, name, field), leaveOut, mistake), read };
}

/** A namespace: its connection and its events. */
function namespace(path, one, number) {
  const id = `n${number}`;
  const view = h("section", { class: "namespace", id, "aria-labelledby": `${id}-title` });
  const connection = connect(path, one, id);
  const cards = [];
  const list = (title, events, fromClient) => {
    const names = Object.keys(events);
    if (names.length === 0) return;
    view.append(h("h3", {}, title));
    names.forEach((name, index) => {
      const cardId = `${id}-${fromClient ? "c" : "s"}${index}`;
      const card = fromClient ? sent(name, events[name], cardId, connection) : told(name, events[name], cardId, connection);
      cards.push({ name, node: card, text: `${path} ${name} ${events[name].docs}`.toLowerCase(), id: cardId });
      view.append(card);
    });
  };
  view.append(h("h2", { id: `${id}-title` }, path));
  if (one.docs) view.append(h("p", { class: "docs" }, one.docs));
  view.append(connection.node);
  list("From clients", one.receives, true);
  list("From the server", one.sends, false);
  return { id, path, view, cards };
}

/** The form that connects to a namespace. */
function connect(path, one, id) {
  const state = h("span", { class: "state", role: "status" }, "not connected");
  const answers = new Map();
  const connection = { socket: null, answers, watchers: [] };
  const show = (text, name) => {
    state.textContent = text;
    state.dataset.state = name;
    button.textContent = connection.socket ? "Disconnect" : "Connect";
    connection.watchers.forEach((watch) => watch(name === "connected"));
  };
  const close = () => {
    connection.socket?.disconnect();
    connection.socket = null;
  };
  const toggle = () => {
    if (connection.socket) {
      close();
      return show("not connected", "none");
    }
    let payload;
    try {
      payload = auth?.read() ?? undefined;
    } catch {
      return;
    }
    const target = parameters.reduce((text, { part, field }) => text.replace(part, encodeURIComponent(field.value)), path);
    const socket = window.io(target, { auth: payload, path: contract.page.path, forceNew: true, reconnection: false });
    connection.socket = socket;
    show("connecting…", "waiting");
    socket.on("connect", () => {
      log(`${target} connected`, undefined, "good");
      show(`connected as ${socket.id}`, "connected");
    });
    socket.on("connect_error", (error) => {
      if (connection.socket !== socket) return;
      log(`${target} refused: ${error.message}`, error.data === undefined ? undefined : [error.data], "bad");
      close();
      show(`refused: ${error.message}`, "refused");
    });
    socket.on("disconnect", (reason) => {
      log(`${target} disconnected: ${reason}`);
      if (connection.socket !== socket) return;
      connection.socket = null;
      show(`disconnected: ${reason}`, "none");
    });
    socket.onAny((name, ...args) => {
      const ack = typeof args.at(-1) === "function" ? args.pop() : null;
      log(`← ${name}`, args);
      if (!ack) return;
      const answer = answers.get(name)?.();
      if (answer) {
        ack(...answer);
        log(`→ answer to ${name}`, answer);
      } else {
        log(`no answer to ${name}`, undefined, "bad");
      }
    });
  };
  const parts = [...path.matchAll(/\{[^}]+\}/g)].map(([part]) => part);
  const parameters = parts.map((part, index) => ({ part, field: h("input", { id: `${id}-p${index}`, value: "1" }) }));
  const auth = one.auth ? editor("auth", one.auth.schema, { isOptional: one.auth.optional, id: `${id}-auth`, send: toggle }) : null;
  const button = h("button", { type: "button", class: "main", click: toggle, disabled: !contract.page.client }, "Connect");
  const fields = parameters.map(({ part, field }) => h("label", {}, part, field));
  connection.node = h("div", { class: "connect" }, ...fields, auth?.node, h("p", { class: "buttons" }, button, state));
  return connection;
}

function card(name, event, id, ...children) {
  const brief = event.docs.split("\n")[0];
  const limits = event.limits?.length ? h("p", { class: "quiet" }, event.limits.join(" · ")) : null;
  const docs = event.docs ? h("p", { class: "docs" }, event.docs) : null;
  const signature = h("pre", { class: "signature" }, h("code", {}, `${name}: ${event.signature}`));
  return h(
    "details",
    { class: "card", id, "data-event": name },
    h("summary", {}, h("code", {}, name), h("span", { class: "brief" }, brief)),
    h("div", {}, docs, signature, limits, ...children),
  );
}

/** An event that clients send. */
function sent(name, event, id, connection) {
  const send = () => {
    if (button.disabled) return;
    let args;
    try {
      args = editors.map((one) => one.read());
    } catch {
      return;
    }
    while (args.length > 0 && args.at(-1) === null && event.args[args.length - 1]?.optional) args.pop();
    try {
      if (rest) args.push(...rest.read());
    } catch {
      return;
    }
    result.replaceChildren(h("p", { class: "quiet" }, "Waiting for the acknowledgement…"));
    log(`→ ${name}`, args);
    connection.socket.emit(name, ...args.map(bytesOf), (...values) => {
      const bad = isError(values[0]);
      log(`← acknowledgement of ${name}`, values, bad ? "bad" : "good");
      const title = bad ? `Error: ${values[0].code}` : "Acknowledged";
      const text = values.length > 0 ? h("pre", {}, values.map(format).join("\n")) : null;
      result.replaceChildren(h("p", { class: bad ? "bad" : "good" }, title), text);
    });
  };
  const editors = event.args.map((arg, index) =>
    editor(arg.name, arg.schema, { isOptional: arg.optional, id: `${id}-a${index}`, send }),
  );
  const rest = event.rest ? editor("more arguments, as a list", { type: "array" }, { id: `${id}-rest`, send }) : null;
  const button = h("button", { type: "button", class: "main", click: send, disabled: true }, "Send");
  const hint = h("span", { class: "quiet" }, contract.page.client ? "connect first" : "");
  connection.watchers.push((is) => {
    button.disabled = !is;
    hint.hidden = is;
  });
  const result = h("div", { class: "result", role: "status" });
  return card(name, event, id, ...editors.map((one) => one.node), rest?.node, h("p", { class: "buttons" }, button, hint), result);
}

/** An event that the server sends; with an answer if it asks for one. */
function told(name, event, id, connection) {
  const answers = (event.ack ?? []).map((schema, index) =>
    editor(index === 0 ? "answer" : `answer ${index + 1}`, schema, { id: `${id}-a${index}` }),
  );
  if (event.ack) {
    connection.answers.set(name, () => {
      try {
        return answers.map((one) => bytesOf(one.read()));
      } catch {
        return null;
      }
    });
  }
  return card(name, event, id, ...answers.map((one) => one.node));
}

function types() {
  const names = Object.keys(contract.types);
  const view = h("section", { id: "types", "aria-labelledby": "types-title" }, h("h2", { id: "types-title" }, "Types"));
  const cards = names.map((name) => {
    const { description = "" } = contract.types[name];
    const node = h(
      "details",
      { class: "card", id: `type-${name}` },
      h("summary", {}, h("code", {}, name), h("span", { class: "brief" }, description.split("\n")[0])),
      h("div", {}, h("pre", {}, h("code", {}, contract.page.types[name]))),
    );
    view.append(node);
    return { name, node, text: `${name} ${description}`.toLowerCase(), id: `type-${name}` };
  });
  return { id: "types", path: "Types", view, cards };
}

/** Hides what the search does not mean. */
function search(parts, text) {
  const wanted = text.trim().toLowerCase();
  for (const { id, path, view, cards } of parts) {
    const whole = path.toLowerCase().includes(wanted);
    let some = whole;
    for (const { node, text, id: cardId } of cards) {
      const is = whole || text.includes(wanted);
      some ||= is;
      node.hidden = !is;
      document.querySelector(`[href="#${CSS.escape(cardId)}"]`).parentElement.hidden = !is;
    }
    view.hidden = !some;
    document.querySelector(`ul[data-part="${id}"]`).hidden = !some;
  }
}

function contents(parts) {
  const open = (id) => () => {
    const node = byId(id);
    if (node.tagName === "DETAILS") node.open = true;
    node.querySelector("summary")?.focus({ preventScroll: true });
  };
  const link = (id, text) => h("a", { href: `#${id}`, click: open(id) }, text);
  for (const { id, path, cards } of parts) {
    const items = cards.map(({ name, id }) => h("li", {}, link(id, name)));
    byId("contents").append(h("ul", { "data-part": id }, h("li", {}, h("strong", {}, link(id, path))), ...items));
  }
}

function loadClient(source) {
  return new Promise((resolve, reject) => {
    document.head.append(h("script", { src: source, load: resolve, error: () => reject(new Error(`${source} is not there`)) }));
  });
}

async function start() {
  const answer = await fetch(document.body.dataset.contract);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  contract = await answer.json();
  let notice = "Without `client_files` the server has no client, so events are shown and cannot be tried.";
  if (contract.page.client) {
    await loadClient(contract.page.client).then(() => (notice = null), (error) => {
      notice = error.message;
      contract.page.client = null;
    });
  }
  const namespaces = Object.entries(contract.namespaces);
  const parts = [...namespaces.map(([path, one], number) => namespace(path, one, number)), types()];
  byId("loading").replaceWith(notice ? h("p", { class: "notice" }, notice) : "", ...parts.map(({ view }) => view));
  contents(parts);
  byId("menu").open = byId("log-details").open = matchMedia("(min-width: 64rem)").matches;
  byId("search").addEventListener("input", (event) => search(parts, event.target.value));
  byId("clear").addEventListener("click", () => {
    byId("entries").replaceChildren();
    entries = 0;
    byId("log-count").textContent = "";
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  byId("loading").replaceWith(h("p", { class: "bad", role: "alert" }, `The contract could not be loaded: ${error.message}`));
});
