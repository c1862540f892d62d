// A proxy before PostgreSQL. It names each transaction by its writes, and can hold its COMMIT: before the database gets it,
// or after the commit, before the answer. It can cut every connection, as a network does.
import { connect, createServer } from "node:net";
import { portOf } from "../http.mjs";

const WRITES = /\b(insert into|delete from|(?<!for |do |no key )update)\s+([a-z_]+)(?:\s+(?:as\s+\w+\s+)?set\s+([a-z_]+))?/gi;

/** `UPDATE invoice SET state = …` as `update invoice.state`. */
const named = (sql) => [...sql.matchAll(WRITES)].map(([, verb, table, column]) => `${verb.toLowerCase().split(" ")[0]} ${table}${column ? `.${column}` : ""}`);

const nameOf = (writes) => [...new Set(writes)].join(", ");

/** Splits a program's bytes into messages of PostgreSQL's protocol: the first has no type letter. */
function messages(take) {
  let [rest, isFirst] = [Buffer.alloc(0), true];
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = isFirst ? 0 : 1;
      if (rest.length < head + 4) return;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return;
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      // A request for TLS is refused; the startup message follows.
      const wishes = isFirst && length === 8;
      if (isFirst && !wishes) isFirst = false;
      take(message, wishes ? "tls" : head ? String.fromCharCode(message[0]) : "start");
    }
  };
}

const text = (message, from) => message.toString("utf8", from, message.indexOf(0, from));

/** A proxy on a port of its own before the server at `url`. */
export async function gate(url) {
  const server = new URL(url);
  const open = new Set();
  const watchers = new Set();
  let wanted;

  const listener = createServer((client) => {
    const upstream = connect(Number(server.port), server.hostname);
    const both = { client, upstream };
    open.add(both);
    const end = () => {
      open.delete(both);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);

    const statements = new Map();
    /** @type {string[]} */
    let writes = [];
    let isOpen = false;
    // Messages of the program or answers of the database that are held back.
    let held;
    const act = (message, kind) => {
      const run = (sql) => {
        if (/^\s*begin/i.test(sql)) [writes, isOpen] = [[], true];
        else if (/^\s*(commit|rollback)\b(?! to)/i.test(sql)) {
          const transaction = nameOf(writes);
          [writes, isOpen] = [[], false];
          return /^\s*commit/i.test(sql) ? transaction : "";
        } else writes.push(...named(sql));
        return "";
      };
      if (kind === "tls") return client.write("N");
      if (kind === "P") {
        const name = text(message, 5);
        statements.set(name, text(message, 6 + Buffer.byteLength(name)));
      }
      let transaction = "";
      if (kind === "B") {
        const portal = text(message, 5);
        const sql = statements.get(text(message, 6 + Buffer.byteLength(portal))) ?? "";
        run(sql);
        // Outside of a transaction each statement is one.
        if (!isOpen) [transaction, writes] = [nameOf(writes), []];
      }
      if (kind === "Q") transaction = run(text(message, 5));
      if (transaction) for (const watcher of watchers) watcher(transaction);
      if (transaction && kind === "Q" && wanted?.transaction === transaction) {
        const { moment, met } = wanted;
        wanted = undefined;
        held = { moment, met, kept: [] };
        if (moment === "before") {
          held.kept.push(message);
          met({ release, cut: end });
          return;
        }
      }
      upstream.write(message);
    };
    const release = () => {
      const { moment, kept } = held;
      held = undefined;
      if (moment === "before") for (const message of kept) act(message, String.fromCharCode(message[0]));
      else client.write(Buffer.concat(kept));
    };
    client.on(
      "data",
      messages((message, kind) => (held?.moment === "before" ? held.kept.push(message) : act(message, kind))),
    );
    upstream.on("data", (chunk) => {
      if (held?.moment !== "after") return client.write(chunk);
      held.kept.push(chunk);
      if (held.met && Buffer.concat(held.kept).includes("COMMIT\0")) {
        held.met({ release, cut: end });
        held.met = undefined;
      }
    });
  });
  await new Promise((go) => listener.listen(0, "127.0.0.1", () => go(undefined)));
  const through = new URL(url);
  through.port = String(portOf(listener));

  return {
    url: String(through),
    /** Calls back with the name of each transaction that writes. Returns a function that ends this. */
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    /** Holds the next transaction of this name, `before` or `after` its commit; resolves when one is held. */
    hold: (transaction, moment) => new Promise((met) => (wanted = { transaction, moment, met })),
    forget: () => (wanted = undefined),
    /** Cuts every connection. */
    cut() {
      for (const { client, upstream } of open) {
        client.destroy();
        upstream.destroy();
      }
    },
    close() {
      listener.close();
      this.cut();
    },
  };
}
