// A sandbox for each suite of third-party clients.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../scripts/stack.mjs";

export const US = "9341452200000001";
export const BR = "9341452200000002";
export const CA = "9341452200000005";
export const SIMPLE = "9341452200000009";

/** @typedef {Awaited<ReturnType<typeof begin>>} Sandbox */

/** Starts a sandbox; `control` asks its door, `grant` has tokens from there. */
export async function begin(...args) {
  const dir = mkdtempSync(join(tmpdir(), "quickbooks-"));
  const running = await startSandbox({ dir, args: ["--first-port", "0", "--only-quickbooks", ...args] });
  const { env } = running;
  const control = async (path, body, method = body ? "POST" : "GET") => {
    const answer = await fetch(`${env.CONTROL_URL}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  };
  return {
    dir,
    env,
    control,
    grant: (realm) => control("/quickbooks/grants", { realm_id: realm }),
    async end() {
      await running.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
