// Steering: by arrow keys or WASD, or towards where the pointer is held down.

const KEYS = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};

/** A pointer is at its bird when it is not farther away than this. */
const NEAR = 20;
const AGAIN_MS = 50;

/** Calls `steer` with each new direction. `position()` is where the bird is. */
export function steerBy(canvas, position, steer) {
  const pressed = new Set();
  let pointer; // where it is held down, in the field
  let last = "0,0";

  function update() {
    let x = 0;
    let y = 0;
    const at = position();
    if (pointer && at) {
      [x, y] = [pointer.x - at.x, pointer.y - at.y];
      const length = Math.hypot(x, y);
      [x, y] = length > NEAR ? [x / length, y / length] : [0, 0];
    } else {
      for (const key of pressed) {
        [x, y] = [x + KEYS[key][0], y + KEYS[key][1]];
      }
    }
    const direction = [x, y].map((part) => Number(part.toFixed(2)));
    if (`${direction}` !== last) {
      last = `${direction}`;
      steer(...direction);
    }
  }

  // Keys steer while the field has the focus; Tab leaves it as ever.
  canvas.addEventListener("keydown", (event) => {
    if (event.code in KEYS && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault(); // else the page would scroll
      pressed.add(event.code);
      update();
    }
  });
  canvas.addEventListener("keyup", (event) => {
    pressed.delete(event.code);
    update();
  });
  canvas.addEventListener("blur", () => {
    pressed.clear();
    update();
  });

  const point = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    pointer = { x: ((event.clientX - left) / width) * 1000, y: ((event.clientY - top) / height) * 1000 };
    update();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => pointer && point(event));
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      pointer = undefined;
      update();
    });
  }
  // A bird that flies to a pointer that rests sees it in other directions.
  setInterval(() => pointer && update(), AGAIN_MS);
}
