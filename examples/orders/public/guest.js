// The page of a guest: orders over HTTP, and is told over the socket how they stand.

import { byId, element } from "/shared/page.js";
import { Orders, price } from "./list.js";

const TITLES = {
  placed: "waits",
  preparing: "is being prepared",
  ready: "is ready",
  collected: "was collected",
  cancelled: "was cancelled",
};

export function startGuest({ socket, request, attempt }) {
  const orders = new Orders(draw);

  socket.on("order", (order) => {
    orders.take(order);
    byId("news").textContent = `${order.drink} ${TITLES[order.status]}`;
  });
  socket.on("connect", () =>
    attempt(async () => {
      const found = await request("GET", "/orders");
      orders.clear();
      byId("mine").replaceChildren();
      found.toReversed().forEach((order) => orders.take(order));
    }),
  );

  function draw(order) {
    const item = element(
      "li",
      { id: `order-${order.id}`, "data-status": order.status },
      element("span", { class: "drink" }, order.drink),
      element("span", { class: "stage" }, TITLES[order.status]),
    );
    if (order.status === "placed") {
      const cancel = element("button", { class: "text-button", type: "button" }, "Cancel");
      cancel.setAttribute("aria-label", `Cancel ${order.drink}`);
      cancel.addEventListener("click", () =>
        attempt(async () => orders.take(await request("DELETE", `/orders/${order.id}`))),
      );
      item.append(cancel);
    }
    const before = byId(item.id);
    if (before) {
      before.replaceWith(item);
    } else {
      byId("mine").prepend(item);
    }
  }

  attempt(async () => {
    const menu = await request("GET", "/menu");
    byId("menu").replaceChildren(...menu.map(({ name, cents }) => {
      const button = element("button", { class: "plain", type: "button" }, name, element("span", {}, price(cents)));
      button.addEventListener("click", () =>
        attempt(async () => orders.take(await request("POST", "/orders", { drink: name }))),
      );
      return element("li", {}, button);
    }));
  });
}
