// A load balancer that gives each request to the next server, whatever session it is for. As those that are in use do, it
// takes the one after that if a server does not accept its connection, and passes the end of one direction of a WebSocket
// on without ending the other.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** `{ url, stop }`, in front of the servers at these ports, which may change; if none accepts, the answer is 502. */
export async function startBalancer(ports) {
  let turn = 0;
  /** Sends a request, whose body is read already, to the next server that accepts a connection. */
  const pass = async ({ method, url, headers }, body, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      turn += 1;
      const port = ports[turn % ports.length];
      const createConnection = () => net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
      const passed = http.request({ createConnection, method, path: url, headers, signal });
      passed.end(body);
      try {
        return await answered(passed);
      } catch (error) {
        if (error.code !== "ECONNREFUSED" || attempt === 3 * ports.length) {
          throw error;
        }
        await sleep(5);
      }
    }
  };

  const balancer = http.createServer(async (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const { answer } = await pass(request, await read(request), gone.signal);
      response.writeHead(answer.statusCode, answer.headers);
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    } catch {
      if (response.headersSent) {
        response.destroy();
      } else {
        response.writeHead(502).end();
      }
    }
  });

  balancer.on("upgrade", async (request, socket, head) => {
    const gone = new AbortController();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => gone.abort());
    try {
      const { answer, other, first } = await pass(request, undefined, gone.signal);
      socket.write(headOf(answer));
      if (other === undefined) {
        answer.pipe(socket);
        return;
      }
      socket.write(first);
      other.write(head);
      socket.pipe(other).pipe(socket);
      socket.on("error", () => other.destroy());
      other.on("error", () => socket.destroy());
    } catch {
      socket.destroy();
    }
  });

  balancer.listen(0, "127.0.0.1");
  await once(balancer, "listening");
  const stop = async () => {
    balancer.closeAllConnections();
    balancer.close();
  };
  return { url: `http://127.0.0.1:${balancer.address().port}`, stop };
}

/**
 * A load balancer that gives new sessions to servers that are ready, as their probes say, and keeps each client, which
 * says its name in the query, with its server: `{ url, add, ready, refused, stop }`.
 */
export async function startReadyBalancer(servers) {
  const of = new Map();
  let ready = [];
  let refused = 0;
  let turn = 0;
  const probe = async (server) => {
    const answer = await fetch(`${server}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  };
  let stopped = false;
  const probing = (async () => {
    while (!stopped) {
      const answers = await Promise.all(servers.map(probe));
      ready = servers.filter((_, index) => answers[index]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();

  const pass = ({ method, url, headers }) => {
    const query = new URL(url, "http://host").searchParams;
    if (!query.has("sid") && ready.length > 0) {
      turn += 1;
      of.set(query.get("client"), ready[turn % ready.length]);
    }
    const server = new URL(of.get(query.get("client")) ?? servers[0]);
    return http.request({ host: server.hostname, port: server.port, method, path: url, headers, agent: false });
  };

  const balancer = http.createServer((request, response) => {
    const passed = pass(request);
    passed.on("response", (answer) => {
      refused += answer.statusCode === 503 ? 1 : 0;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    request.pipe(passed);
  });
  balancer.on("upgrade", (request, socket, head) => {
    const passed = pass(request);
    passed.on("upgrade", (answer, other, first) => {
      const lines = ["HTTP/1.1 101 Switching Protocols"];
      for (let at = 0; at < answer.rawHeaders.length; at += 2) {
        lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
      }
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.write(first);
      other.write(head);
      socket.pipe(other).pipe(socket);
      socket.on("error", () => other.destroy());
      other.on("error", () => socket.destroy());
    });
    passed.on("response", () => {
      refused += 1;
      socket.destroy();
    });
    passed.on("error", () => socket.destroy());
    socket.on("error", () => passed.destroy());
    passed.end();
  });

  balancer.listen(0, "127.0.0.1");
  await once(balancer, "listening");
  const stop = async () => {
    stopped = true;
    await probing;
    balancer.closeAllConnections();
    balancer.close();
  };
  return {
    url: `http://127.0.0.1:${balancer.address().port}`,
    add: (server) => servers.push(server),
    ready: () => ready,
    refused: () => refused,
    stop,
  };
}

/** The answer of a server to a request; with `other`, it is a WebSocket from there on. */
function answered(passed) {
  return new Promise((resolve, reject) => {
    passed.on("response", (answer) => resolve({ answer }));
    passed.on("upgrade", (answer, other, first) => resolve({ answer, other, first }));
    passed.on("error", reject);
  });
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headOf({ statusCode, statusMessage, rawHeaders }) {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}
