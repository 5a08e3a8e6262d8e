// The page of `@socket.io/admin-ui` in Chromium, as a person uses it.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { openWindow } from "./browser.js";

const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));

/** The folder of the page, for a server that serves it. */
export const ADMIN_UI = join(MODULES, "@socket.io/admin-ui/ui/dist");

const ICONS = "https://cdn.jsdelivr.net/npm/@mdi/font@latest/";

/** The page takes its icons and its typeface from elsewhere. There is no elsewhere in a test. */
function prepare(context) {
  return context.route(/^https:/, (route) => {
    const url = route.request().url();
    if (url.startsWith(ICONS)) {
      return route.fulfill({ path: join(MODULES, "@mdi/font", new URL(url.slice(ICONS.length), "file:///").pathname) });
    }
    return route.fulfill({ contentType: "text/css", body: "" });
  });
}

/** The page at `page`, of the server at `server`. */
export class AdminPage {
  static async open(t, browser, page, server = new URL(page).origin, options = {}) {
    const admin = new AdminPage();
    admin.server = server;
    const viewport = { width: 1300, height: 800 };
    admin.page = await openWindow(t, browser, page, { viewport, ...options, prepare });
    return admin;
  }

  /** Fills in the dialog that asks for the server. */
  async logIn(password, name = "ops") {
    await this.page.getByLabel("Server URL").fill(this.server);
    await this.page.getByLabel("Username").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Connect" }).click();
  }

  /** Waits until the page says that it is connected, and asks for nothing. */
  async isConnected() {
    const status = this.page.locator(".v-app-bar").getByText("connected", { exact: true });
    await status.locator("visible=true").waitFor();
    await this.page.getByLabel("Password").waitFor({ state: "hidden" });
  }

  /** Opens a part of it: `sockets`, `rooms`, `events` and so on; without one the dashboard. */
  async show(part = "") {
    await this.page.evaluate((part) => (location.hash = part === "" ? "#/" : `#/${part}/`), part);
    await this.page.waitForFunction((part) => location.hash.startsWith(`#/${part}`), part);
  }

  /** Chooses the namespace whose sockets, rooms or events are shown. */
  async choose(namespace) {
    await this.page.getByRole("textbox", { name: "Select namespace" }).click({ force: true });
    await this.page.getByRole("option", { name: namespace, exact: true }).click();
  }

  /** The row of a table in which all of these stand. */
  row(...texts) {
    return texts.reduce((rows, hasText) => rows.filter({ hasText }), this.page.locator("tbody tr"));
  }
}
