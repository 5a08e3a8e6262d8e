// Examples that are served by TLS and WebTransport, with a certificate that nobody has signed but itself.

import { execFile } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { UNCAUGHT, launch, openWindow } from "./browser.js";
import { startExample } from "./servers.js";

const run = promisify(execFile);

/** The page of an example with a certificate, in a browser that trusts it. All of it ends with the test. */
export async function openSecurely(t, name, env, options) {
  const { key, certificate, trusted } = await makeCertificate(t);
  const server = await startExample(name, { ...env, CERTIFICATE: certificate, KEY: key });
  t.after(() => server.stop());
  const browser = await launch(trusted);
  t.after(() => browser.close());
  return openWindow(t, browser, server.url, { ...options, ignoreHTTPSErrors: true, errors: UNCAUGHT });
}

/**
 * Makes a certificate for 127.0.0.1, removed at the end of the test: the files in PEM, and the arguments with which Chromium
 * trusts its key for WebTransport too.
 */
async function makeCertificate(t) {
  const folder = await mkdtemp(join(tmpdir(), "sio-certificate-"));
  t.after(() => rm(folder, { recursive: true }));
  const [key, certificate] = ["key.pem", "chain.pem"].map((name) => join(folder, name));
  await run("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10".split(" "),
    ...["-subj", "/CN=sio", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
  ]);
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const hash = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
  return { key, certificate, trusted: [`--ignore-certificate-errors-spki-list=${hash}`, "--webtransport-developer-mode"] };
}
