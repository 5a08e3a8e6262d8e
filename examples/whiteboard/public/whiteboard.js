// The page: draws what this user and others draw. The board's name is behind the # of the address.

import { ask, byId, element, hue, showStatus } from "/shared/page.js";

/** The colours of the palette; a stroke has the number of one. */
const COLOURS = ["#1b2130", "#d12c3f", "#e07b00", "#d9b200", "#12805c", "#1f7ad1", "#7447d1", "#ffffff"];

/** A long line is sent in parts, so that others see it grow. */
const SEND_EVERY_MS = 40;
const MAX_POINTS = 256;

const canvas = byId("canvas");
const context = canvas.getContext("2d");
context.lineCap = "round";
context.lineJoin = "round";

let socket;
let sheet; // Each time the board is cleared it gets a new sheet, with a higher number.
let colour = 0;

// ---- strokes as bytes: colour, width, then x and y of each point ----

function pack(width, points) {
  const bytes = new DataView(new ArrayBuffer(2 + points.length * 4));
  bytes.setUint8(0, colour);
  bytes.setUint8(1, width);
  points.forEach(([x, y], index) => {
    bytes.setUint16(2 + index * 4, x, true);
    bytes.setUint16(4 + index * 4, y, true);
  });
  return bytes.buffer;
}

function draw(bytes) {
  context.strokeStyle = COLOURS[bytes.getUint8(0)];
  context.lineWidth = bytes.getUint8(1);
  context.beginPath();
  // Begins a little beside the first point: a line of no length would not be drawn, and a dot is one.
  context.moveTo(bytes.getUint16(2, true) + 0.01, bytes.getUint16(4, true));
  for (let at = 2; at < bytes.byteLength; at += 4) {
    context.lineTo(bytes.getUint16(at, true), bytes.getUint16(at + 2, true));
  }
  context.stroke();
}

// ANCHOR: sheet
function takeSheet(number) {
  if (number > sheet) {
    sheet = number;
    context.clearRect(0, 0, canvas.width, canvas.height);
  }
  return number === sheet; // else it is of a sheet that has been thrown away
}
// ANCHOR_END: sheet

// ---- what the server says ----

function open(board) {
  socket?.disconnect();
  document.querySelectorAll(".pointer").forEach((pointer) => pointer.remove());
  byId("board").value = board;
  byId("error").textContent = "";
  document.title = `Whiteboard: ${board}`;

  socket = window.io(`/board/${board}`, { forceNew: true });
  showStatus(socket);

  socket.on("connect", () => {
    sheet = -1; // A restarted server counts from the start.
    byId("paper").dataset.board = "loading";
    // Without an answer the connection is lost: the next one asks again.
    ask(socket, "board").then((drawing) => show(board, drawing), () => {});
  });
  socket.on("connect_error", ({ message }) => {
    byId("error").textContent = message === "Invalid namespace" ? "A board's name has a-z, 0-9 and -." : message;
  });
  socket.on("stroke", (number, bytes) => takeSheet(number) && draw(new DataView(bytes)));
  socket.on("cleared", takeSheet);
  socket.on("pointer", movePointer);
  socket.on("left", (id) => byId(`pointer-${id}`)?.remove());
}

/** Draws what was on the board before this page came. */
function show(board, drawing) {
  if (takeSheet(drawing.sheet)) {
    for (let at = 0; at < drawing.strokes.byteLength; ) {
      const length = new DataView(drawing.strokes, at).getUint16(0, true);
      draw(new DataView(drawing.strokes, at + 2, length));
      at += 2 + length;
    }
  }
  byId("paper").dataset.board = board;
}

function movePointer(id, { x, y }) {
  let pointer = byId(`pointer-${id}`);
  if (!pointer) {
    pointer = element("span", { id: `pointer-${id}`, class: "pointer" });
    pointer.style.setProperty("--hue", hue(id));
    byId("paper").append(pointer);
  }
  pointer.style.left = `${(x / canvas.width) * 100}%`;
  pointer.style.top = `${(y / canvas.height) * 100}%`;
}

// ---- what the user does ----

let points = []; // of the line that is being drawn, not sent yet
let isDrawing = false;
let lastSent = 0;

function position(event) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const inside = (value, end) => Math.min(Math.max(Math.round(value), 0), end - 1);
  return [
    inside(((event.clientX - left) / width) * canvas.width, canvas.width),
    inside(((event.clientY - top) / height) * canvas.height, canvas.height),
  ];
}

/** Draws the points that are not drawn yet, and sends them. The last one begins the next part of the line. */
function send() {
  const bytes = pack(Number(byId("pen").value), points);
  draw(new DataView(bytes));
  socket.emit("stroke", bytes);
  points = points.slice(-1);
  lastSent = performance.now();
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  isDrawing = true;
  points = [position(event)];
  send();
});

canvas.addEventListener("pointermove", (event) => {
  const now = position(event);
  const isTime = performance.now() - lastSent >= SEND_EVERY_MS;
  if (isDrawing) {
    points.push(now);
    if (isTime || points.length === MAX_POINTS) {
      send();
    }
  }
  if (isTime) {
    lastSent = performance.now();
    socket.volatile.emit("pointer", { x: now[0], y: now[1] });
  }
});

for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    if (isDrawing && points.length > 1) {
      send();
    }
    isDrawing = false;
  });
}

// ---- by keyboard: the arrow keys move a pen, and draw with Shift ----

const STEP = 16;
const ARROWS = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] };
let pen = [canvas.width / 2, canvas.height / 2];

function showPen() {
  const [x, y] = pen;
  movePointer("pen", { x, y });
  socket.volatile.emit("pointer", { x, y });
}

canvas.addEventListener("keydown", (event) => {
  if (event.key in ARROWS) {
    event.preventDefault(); // else the page would scroll
    const [dx, dy] = ARROWS[event.key];
    const before = pen;
    pen = [
      Math.min(Math.max(before[0] + dx, 0), canvas.width - 1),
      Math.min(Math.max(before[1] + dy, 0), canvas.height - 1),
    ];
    if (event.shiftKey) {
      points = [before, pen];
      send();
    }
    showPen();
  }
});
canvas.addEventListener("blur", () => byId("pointer-pen")?.remove());

// ---- the tools ----

function choose(number) {
  colour = number;
  [...byId("palette").children].forEach((button, index) => button.setAttribute("aria-pressed", `${index === number}`));
}

const NAMES = ["black", "red", "orange", "yellow", "green", "blue", "violet", "white"];
COLOURS.forEach((value, number) => {
  const button = element("button", { type: "button", "aria-label": NAMES[number], title: NAMES[number] });
  button.style.setProperty("--colour", value);
  button.addEventListener("click", () => choose(number));
  byId("palette").append(button);
});
choose(0);

byId("clear").addEventListener("click", () => socket.emit("clear"));
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = byId("board").value;
});
addEventListener("hashchange", () => open(location.hash.slice(1) || "lobby"));
open(location.hash.slice(1) || "lobby");
