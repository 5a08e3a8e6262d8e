// The page: enters a match, tells the server where its player wants to fly, and shows what the server says.

import { byId, element, hue, keepOpen, showStatus } from "/shared/page.js";
import { drawField } from "./drawing.js";
import { steerBy } from "./steering.js";

/** Each tab is another player. The match is behind the # of the address, so that it can be sent to others. */
const memory = {
  get login() {
    return JSON.parse(sessionStorage.getItem("login") ?? "null");
  },
  set login(login) {
    sessionStorage.setItem("login", JSON.stringify(login));
  },
};

const socket = window.io("/game", { autoConnect: false, auth: (send) => send(memory.login) });
showStatus(socket);

let mine; // the number of this player's bird
let scene = { birds: [], gems: [], winner: null };
const places = new Map(); // of birds: where each was said to be, and where it is shown

// ---- what the server says ----

socket.on("welcome", ({ bird }) => {
  mine = bird;
  places.clear();
  byId("login").close();
  byId("canvas").focus({ preventScroll: true });
  const { name, match } = memory.login;
  byId("me").textContent = mine === null ? `You watch ${match}.` : `You are ${name}, in ${match}.`;
  location.hash = match;
});

socket.on("connect_error", (error) => {
  if (error.data?.code) {
    ask(error.data.detail ?? error.message); // Else there is no answer, and the client tries again.
  }
});

socket.on("scene", (news) => {
  scene = news;
  const winner = scene.birds.find(({ number }) => number === scene.winner);
  byId("winner").textContent = winner ? `${winner.name} wins!` : "";
  drawScore();
});

socket.on("positions", (birds) => {
  for (const [number, at] of birds) {
    const place = places.get(number) ?? { shown: at };
    places.set(number, { ...place, said: at });
  }
});

// ---- drawing ----

function drawScore() {
  const sorted = scene.birds.toSorted((a, b) => b.gems - a.gems || a.number - b.number);
  byId("score").replaceChildren(
    ...sorted.map(({ number, name, gems, is_away }) => {
      const dot = element("span", { class: "dot", "aria-hidden": "true" });
      dot.style.setProperty("--hue", hue(name));
      return element(
        "li",
        { "data-bird": `${number}`, "aria-current": number === mine ? "true" : undefined, "data-away": is_away },
        dot,
        element("bdi", {}, name),
        element("span", { class: "away" }, is_away ? "lost the connection" : ""),
        element("strong", {}, `${gems}`),
      );
    }),
  );
}

// ANCHOR: frame
/** A frame: birds move a part of the way to where they were said to be. */
function frame() {
  for (const [number, place] of places) {
    if (scene.birds.some((bird) => bird.number === number)) {
      const part = 0.25;
      place.shown = {
        x: place.shown.x + (place.said.x - place.shown.x) * part,
        y: place.shown.y + (place.said.y - place.shown.y) * part,
      };
    } else {
      places.delete(number);
    }
  }
  drawField(byId("canvas"), scene, places, mine);
  requestAnimationFrame(frame);
}
// ANCHOR_END: frame
requestAnimationFrame(frame);

// ---- what the user does ----

steerBy(byId("canvas"), () => places.get(mine)?.shown, (x, y) => socket.connected && socket.emit("steer", x, y));

function ask(error = "") {
  byId("login-error").textContent = error;
  byId("name").value = memory.login?.name ?? "";
  byId("match").value = location.hash.slice(1) || memory.login?.match || "meadow";
  if (!byId("login").open) {
    byId("login").showModal();
  }
}

byId("change").addEventListener("click", () => ask());
keepOpen(byId("login"), () => !socket.connected);
byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault(); // It is closed when the server has let this tab in.
  const isPlaying = event.submitter?.value !== "watch";
  memory.login = { match: byId("match").value, name: isPlaying ? byId("name").value : null };
  socket.disconnect().connect();
});

if (memory.login && ["", `#${memory.login.match}`].includes(location.hash)) {
  socket.connect();
} else {
  ask();
}
