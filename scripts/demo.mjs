// `make demo`: runs the sandbox and the service with seeded data, until Ctrl-C.
import { join, resolve } from "node:path";
import { start } from "./stack.mjs";

const dir = resolve(process.env.DEMO_DIR || join("target", "demo"));
const stack = await start({ dir, firstPort: 7800, reset: process.env.RESET === "1" }).catch((error) => {
  console.error(`The demo did not start: ${error.message}`);
  process.exit(1);
});
const { PIPEDRIVE_WEB_URL, QUICKBOOKS_WEB_URL } = stack.env;

console.log(`
Fatura runs with a simulated Pipedrive and a simulated QuickBooks. State: ${dir}

  1. Open ${PIPEDRIVE_WEB_URL} and sign in as Ana Souza (pt-BR) or Dana Whitfield (en).
  2. Marketplace > Install; allow; sign in at Intuit, choose a company, connect, confirm.
  3. Save the settings. Then open a deal and press + Invoice.
  4. See the invoice on the deal, and in QuickBooks: ${QUICKBOOKS_WEB_URL}
     Receive a payment there, or void it: the open panel updates itself. The "⋯" menu of an invoice has all actions.

Addresses and credentials for other programs: ${join(dir, "demo.env")}
Ctrl-C stops everything. make demo RESET=1 starts with new data.
`);
console.log(`ready: ${PIPEDRIVE_WEB_URL}`);

let stopping = false;
const stop = async (/** @type {number} */ code) => {
  if (stopping) return;
  stopping = true;
  await stack.stop();
  console.log("stopped");
  process.exit(code);
};
process.on("SIGINT", () => stop(0));
process.on("SIGTERM", () => stop(0));
const ended = await stack.broken();
if (!stopping) {
  console.error(`${ended.title} exited unexpectedly; see ${ended.log}`);
  await stop(1);
}
