// The shapes of which drawings consist. Each function returns a shape, which becomes SVG in the colours of a scheme.
//
// A drawing is 360 units wide, about as wide as the text on a phone, so that its letters are readable there.

export const WIDTH = 360;
const SIZE = 13;
const LINE = 17;

export const SCHEMES = {
  light: {
    ink: "#1f2937",
    quiet: "#4b5563",
    plain: ["#ffffff", "#6b7280"],
    ours: ["#dbeafe", "#1d4ed8"],
    good: ["#dcfce7", "#15803d"],
    bad: ["#fee2e2", "#b91c1c"],
  },
  dark: {
    ink: "#e5e7eb",
    quiet: "#b6bdc9",
    plain: ["#1f2430", "#9ca3af"],
    ours: ["#1e3a5f", "#7cb8ff"],
    good: ["#14432a", "#4ade80"],
    bad: ["#551d1d", "#fca5a5"],
  },
};

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Letters are no wider than this, on average, in the fonts that browsers choose. */
const widthOf = (text, size) => (text.startsWith("`") ? 0.62 : 0.56) * size * text.replace(/`/g, "").length;

/** One line of text. In backquotes it is code. It fails when the text is wider than `room`. */
function line(colour, x, y, text, { anchor = "middle", size = SIZE, bold = false, room = WIDTH } = {}) {
  const width = widthOf(text, size);
  const left = { start: x, middle: x - width / 2, end: x - width }[anchor];
  if (width > room || left < -1 || left + width > WIDTH + 1) {
    throw new Error(`too wide: ${text} (${Math.round(width)} of ${Math.round(room)})`);
  }
  const font = text.startsWith("`") ? "ui-monospace, DejaVu Sans Mono, monospace" : "system-ui, DejaVu Sans, sans-serif";
  const weight = bold ? ' font-weight="600"' : "";
  const shown = escape(text.replace(/`/g, ""));
  return `<text x="${x}" y="${y}" fill="${colour}" font-family="${font}" font-size="${size}"${weight} text-anchor="${anchor}">${shown}</text>`;
}

/** Text by itself; `quiet` is smaller. */
export const text = (x, y, value, { quiet = false, ...options } = {}) => (scheme) =>
  line(quiet ? scheme.quiet : scheme.ink, x, y, value, { size: quiet ? 12 : SIZE, ...options });

/** A box with lines of text in its middle, or at its top. */
export function box(x, y, width, height, lines, { kind = "plain", dashed = false, top = false } = {}) {
  return (scheme) => {
    const [fill, stroke] = scheme[kind];
    const dashes = dashed ? ' stroke-dasharray="5 4"' : "";
    const first = top ? y + LINE : y + height / 2 - ((lines.length - 1) * LINE) / 2 + 4.5;
    const words = lines.map((value, nth) =>
      line(scheme.ink, x + width / 2, first + nth * LINE, value, { room: width - 6, bold: nth === 0 && lines.length > 1 }),
    );
    return [
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"${dashes}/>`,
      ...words,
    ].join("\n");
  };
}

/** A line through these points with a head at its end, and one at its beginning too if it goes `both` ways. */
export function arrow(points, { kind, both = false, dashed = false, head = true } = {}) {
  return (scheme) => {
    const colour = kind ? scheme[kind][1] : scheme.quiet;
    const dashes = dashed ? ' stroke-dasharray="5 4"' : "";
    const path = points.map(([x, y]) => `${x},${y}`).join(" ");
    const heads = [head && [points.at(-2), points.at(-1)], both && [points[1], points[0]]].filter(Boolean);
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"${dashes}/>`,
      ...heads.map(([from, to]) => headOf(colour, from, to)),
    ].join("\n");
  };
}

function headOf(colour, [fromX, fromY], [x, y]) {
  const angle = Math.atan2(y - fromY, x - fromX);
  const corner = (turn) => [x - 8 * Math.cos(angle + turn), y - 8 * Math.sin(angle + turn)];
  const points = [[x, y], corner(0.45), corner(-0.45)].map((point) => point.map((n) => n.toFixed(1)).join(","));
  return `<polygon points="${points.join(" ")}" fill="${colour}"/>`;
}

/** The whole drawing, in the colours of a scheme. */
export function svg({ height, title, shapes }, scheme) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH * 1.35}" role="img">`,
    `<title>${escape(title)}</title>`,
    ...shapes.map((shape) => shape(scheme)),
    "</svg>\n",
  ].join("\n");
}
