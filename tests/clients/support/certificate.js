// Certificates that nobody has signed but themselves, for browsers that are told to trust their key.

import { execFile } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Makes one for 127.0.0.1, removed at the end of the test: the files in PEM, and the arguments with which Chromium
 * trusts its key for WebTransport too.
 */
export async function makeCertificate(t) {
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
