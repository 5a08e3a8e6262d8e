// A load balancer that gives each request to the next server, whatever session it is for.

import { once } from "node:events";
import http from "node:http";

/** `{ url, stop }`, in front of the servers at these ports; one that cannot be reached is answered with 502. */
export async function startBalancer(ports) {
  let turn = 0;
  const next = ({ method, url, headers }) => {
    turn += 1;
    const port = ports[turn % ports.length];
    return http.request({ host: "127.0.0.1", port, method, path: url, headers, agent: false });
  };

  const balancer = http.createServer((request, response) => {
    const passed = next(request);
    passed.on("response", (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    passed.on("error", () => {
      if (response.headersSent) {
        response.destroy();
      } else {
        response.writeHead(502).end();
      }
    });
    response.on("close", () => passed.destroy());
    request.pipe(passed);
  });

  balancer.on("upgrade", (request, socket, head) => {
    const passed = next(request);
    const give = ({ statusCode, statusMessage, rawHeaders }) => {
      const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
      for (let at = 0; at < rawHeaders.length; at += 2) {
        lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
      }
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    };
    passed.on("upgrade", (answer, other, first) => {
      give(answer);
      socket.write(first);
      other.write(head);
      socket.pipe(other).pipe(socket);
      socket.on("error", () => other.destroy());
      other.on("error", () => socket.destroy());
    });
    passed.on("response", (answer) => {
      give(answer);
      answer.pipe(socket);
    });
    passed.on("error", () => socket.destroy());
    socket.on("error", () => passed.destroy());
    passed.end();
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
