// A simple load balancer: sends each request to the next replica whose /readyz succeeds. Answers 502 if no replica accepts the
// connection.
import { createServer, request } from "node:http";

/** Listens on `port` and forwards requests to the current ports of `ports()`.
 * @param {number} port
 * @param {() => Iterable<number>} ports
 * @returns {Promise<{ close: () => void }>} */
export function balance(port, ports) {
  let next = 0;
  const ending = new Set();
  const look = setInterval(() => {
    for (const each of ports()) {
      fetch(`http://127.0.0.1:${each}/readyz`).then(
        ({ ok }) => (ok ? ending.delete(each) : ending.add(each)),
        () => ending.add(each),
      );
    }
  }, 250);
  const server = createServer((incoming, outgoing) => {
    /** @type {Buffer[]} */
    const parts = [];
    incoming.on("data", (part) => parts.push(part));
    incoming.on("error", () => outgoing.destroy());
    incoming.on("end", () => {
      const body = Buffer.concat(parts);
      // If no replica is ready, use all running replicas.
      const up = [...ports()];
      const ready = up.filter((each) => !ending.has(each));
      const order = ready.length > 0 ? ready : up;
      order.push(...order.splice(0, next++ % Math.max(1, order.length)));
      const go = () => {
        const to = order.shift();
        if (!to) return void outgoing.writeHead(502).end();
        const passed = request({ host: "127.0.0.1", port: to, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
          answer.on("error", () => outgoing.destroy());
        });
        // Only a request whose connection was refused may go to another replica.
        passed.on("error", (/** @type {NodeJS.ErrnoException} */ error) => (error.code === "ECONNREFUSED" ? go() : outgoing.destroy()));
        outgoing.on("close", () => passed.destroy());
        passed.end(body);
      };
      go();
    });
  });
  return new Promise((resolve) =>
    server.listen(port, "127.0.0.1", () => resolve({ close: () => (clearInterval(look), server.closeAllConnections(), server.close()) })),
  );
}
