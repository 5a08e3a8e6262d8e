// The dashboard: all orders that somebody waits for, and the totals.

import { ask, byId, element } from "/shared/page.js";
import { Orders, price } from "./list.js";

const COLUMNS = ["placed", "preparing", "ready"];
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const NEXT = { placed: "Prepare", preparing: "Ready", ready: "Collected" };

export function startStaff({ socket, role, attempt }) {
  const orders = new Orders(draw);

  socket.on("order", (order) => {
    orders.take(order);
    byId("news").textContent = `${order.drink} for ${order.guest}: ${order.status}`;
  });
  socket.on("totals", drawTotals);
  socket.on("connect", () =>
    attempt(async () => {
      const overview = await ask(socket, "overview");
      orders.clear();
      COLUMNS.forEach((column) => byId(column).replaceChildren());
      overview.orders.forEach((order) => orders.take(order));
      drawTotals(overview.totals);
    }),
  );

  /** Puts the card of an order into its column, and leaves the focus where it can go on. */
  function draw(order) {
    const before = byId(`order-${order.id}`);
    const column = before?.closest("section");
    const hadFocus = before?.contains(document.activeElement);
    before?.remove();
    if (COLUMNS.includes(order.status)) {
      byId(order.status).append(card(order));
    }
    if (hadFocus) {
      (column.querySelector("button") ?? column.querySelector("h2")).focus();
    }
  }

  function card(order) {
    const node = element(
      "li",
      { id: `order-${order.id}`, class: "order" },
      element("strong", {}, order.drink),
      element("bdi", {}, order.guest),
      element("time", {}, clock.format(Date.now() - order.seconds * 1000)),
    );
    const button = (text, style, action) => {
      const button = element("button", { class: style, type: "button" }, text);
      button.setAttribute("aria-label", `${text}: ${order.drink} for ${order.guest}`);
      button.addEventListener("click", () => attempt(async () => orders.take(await action())));
      return button;
    };
    node.append(button(NEXT[order.status], "plain", () => ask(socket, "advance", order.id, order.version)));
    if (role === "manager" && order.status === "placed") {
      node.append(button("Cancel", "text-button", () => ask(socket, "cancel", order.id)));
    }
    return node;
  }
}

function drawTotals({ open, late, cents }) {
  byId("open").textContent = open;
  byId("late").textContent = late;
  byId("late-tile").toggleAttribute("data-bad", late > 0);
  byId("sold").textContent = price(cents);
}
