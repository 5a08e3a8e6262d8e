// The page: a dashboard that gets the server's numbers each second, and another namespace in which there is work to do.

import { ask, byId, element, keepOpen, showStatus } from "/shared/page.js";
import { drawAll } from "./drawing.js";

const PASS = "pass";

// ---- the dashboard ----

// ANCHOR: auth
const kept = sessionStorage.getItem(PASS);
let proof = kept ? { pass: kept } : undefined;

const ops = window.io("/ops", {
  autoConnect: false,
  // Asked before every connect: a dashboard comes back with its newest pass.
  auth: (send) => send(proof),
});

function keep({ pass, seconds }) {
  proof = { pass };
  sessionStorage.setItem(PASS, pass);
  validFor = seconds;
  validUntil = Date.now() + seconds * 1000;
  drawLeft();
}

ops.on("welcome", (pass) => {
  byId("login").close();
  keep(pass);
});

ops.on("auth_expiring", async () => {
  if (byId("renew").checked) {
    // If this fails, the pass runs out and the page asks for the password.
    await ask(ops, "reauth", proof).then(keep, () => {});
  }
});
// ANCHOR_END: auth

let hasExpired = false;
ops.on("auth_expired", () => (hasExpired = true));

ops.on("disconnect", (reason) => {
  if (reason === "io server disconnect") {
    logOut(hasExpired ? "The pass has run out." : "Somebody has disconnected this page.");
  }
  hasExpired = false;
});

ops.on("connect_error", (error) => {
  if (error.data?.code) {
    logOut(error.data.code === "wrong_password" ? error.message : "");
  }
});

ops.on("numbers", (numbers) => {
  drawAll(numbers);
  byId("compression").textContent = ops.io.engine.transport.ws?.extensions.split(";")[0] || "none";
});

showStatus(ops);

// ---- the pass ----

let validFor = 0;
let validUntil = 0;

function drawLeft() {
  const seconds = Math.max(Math.round((validUntil - Date.now()) / 1000), 0);
  byId("left").max = Math.max(validFor, 1);
  byId("left").low = validFor / 3;
  byId("left").value = seconds;
  byId("left-text").textContent = validUntil ? `The pass is valid for ${seconds} s` : "No pass";
}

setInterval(drawLeft, 1000);

function logOut(error) {
  proof = undefined;
  validUntil = 0;
  sessionStorage.removeItem(PASS);
  ops.disconnect();
  drawLeft();
  byId("login-error").textContent = error;
  if (!byId("login").open) {
    byId("login").showModal();
  }
}

keepOpen(byId("login"), () => !ops.connected);
byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault(); // It is closed when the dashboard is let in.
  proof = { password: byId("password").value };
  byId("password").value = "";
  ops.connect();
});
byId("log-out").addEventListener("click", () => logOut(""));

// ---- the work ----

const work = window.io("/work"); // Over the same connection, and as that one not opened by itself.
work.connect();

const hex = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// ANCHOR: trace
/**
 * The `traceparent` of a span of this page. A page with OpenTelemetry would take that of
 * its active span.
 */
const traceparent = () => `00-${hex(16)}-${hex(8)}-01`;

async function order(event) {
  const pieces = 1 + Math.floor(Math.random() * 20);
  const { cents } = await ask(work, event, { pieces, _trace: traceparent() });
  return `${pieces} pieces: ${(cents / 100).toFixed(2)}`;
}
// ANCHOR_END: trace

for (const button of document.querySelectorAll("[data-work]")) {
  button.addEventListener("click", async () => {
    byId("answer").textContent = "…";
    byId("answer").textContent = await order(button.dataset.work).catch((error) => error.message);
  });
}

const report = (compress) => () => work.emit("report", compress);
byId("report").addEventListener("click", report(true));
byId("report-plain").addEventListener("click", report(false));
work.on("report", (lines) => {
  byId("answer").textContent = `A report of ${lines.length} lines`;
});

if (proof) {
  ops.connect();
} else {
  logOut("");
}
