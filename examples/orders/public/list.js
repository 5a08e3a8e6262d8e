// A list of orders, kept up to date by what the server says, in whatever order that arrives.

export const price = (cents) => `€ ${(cents / 100).toFixed(2)}`;

export class Orders {
  #orders = new Map();
  #changed;

  /** Calls `changed` with each order that is new or different. */
  constructor(changed) {
    this.#changed = changed;
  }

  // ANCHOR: take
  /** Takes a report of an order, unless a newer one is known. */
  take(order) {
    if ((this.#orders.get(order.id)?.version ?? -1) < order.version) {
      this.#orders.set(order.id, order);
      this.#changed(order);
    }
  }
  // ANCHOR_END: take

  /** Forgets everything: a server that has started again may count from the start. */
  clear() {
    this.#orders.clear();
  }
}
