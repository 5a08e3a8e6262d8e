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
