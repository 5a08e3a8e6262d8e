// The field as a picture, in the colours of the page.

import { hue } from "/shared/page.js";

const SIZE = 1000;
const BIRD_RADIUS = 34;
const GEM_RADIUS = 18;

/** The colours of the page's scheme. */
function colours() {
  const style = getComputedStyle(document.body);
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  return { text: style.color, gem: isDark ? "#f0b45a" : "#c77700", lightness: isDark ? 62 : 46 };
}

export function drawField(canvas, scene, places, mine) {
  const pixels = Math.round(canvas.clientWidth * devicePixelRatio);
  if (canvas.width !== pixels) {
    [canvas.width, canvas.height] = [pixels, pixels];
  }
  const context = canvas.getContext("2d");
  const { text, gem, lightness } = colours();
  context.setTransform(pixels / SIZE, 0, 0, pixels / SIZE, 0, 0);
  context.clearRect(0, 0, SIZE, SIZE);

  context.fillStyle = gem;
  for (const { x, y } of scene.gems) {
    context.beginPath();
    context.moveTo(x, y - GEM_RADIUS);
    context.lineTo(x + GEM_RADIUS * 0.8, y);
    context.lineTo(x, y + GEM_RADIUS);
    context.lineTo(x - GEM_RADIUS * 0.8, y);
    context.fill();
  }

  context.textAlign = "center";
  context.font = "600 28px system-ui, 'DejaVu Sans', sans-serif";
  for (const { number, name, is_away } of scene.birds) {
    const at = places.get(number)?.shown;
    if (at) {
      context.globalAlpha = is_away ? 0.35 : 1;
      drawBird(context, at, `hsl(${hue(name)} 65% ${lightness}%)`, number === mine && text);
      context.fillStyle = text;
      const half = context.measureText(name).width / 2 + 8; // A name stays in the field.
      const x = Math.min(Math.max(at.x, half), SIZE - half);
      context.fillText(name, x, at.y > 100 ? at.y - BIRD_RADIUS - 14 : at.y + BIRD_RADIUS + 32);
    }
  }
  context.globalAlpha = 1;
}

/** A round bird with a white belly and an eye; this player's own has a ring. */
function drawBird(context, { x, y }, colour, ring) {
  const circle = (dx, dy, radius, fill) => {
    context.beginPath();
    context.arc(x + dx, y + dy, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
  };
  circle(0, 0, BIRD_RADIUS, colour);
  circle(0, 14, 19, "#fff");
  circle(-11, -11, 7, "#fff");
  circle(11, -11, 7, "#fff");
  circle(-10, -10, 3.5, "#111");
  circle(12, -10, 3.5, "#111");
  context.beginPath();
  context.moveTo(-6 + x, -3 + y);
  context.lineTo(6 + x, -3 + y);
  context.lineTo(x, 8 + y);
  context.fillStyle = "#f0a020";
  context.fill();
  if (ring) {
    context.beginPath();
    context.arc(x, y, BIRD_RADIUS + 5, 0, 2 * Math.PI);
    context.lineWidth = 4;
    context.strokeStyle = ring;
    context.stroke();
  }
}
