// Set-up for a file of tests: a sandbox and a service of its own, a user in a browser, and the control port.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { start } from "../scripts/stack.mjs";
import { openBrowser, picture } from "./browser.mjs";
import { control } from "./http.mjs";
import { signIn } from "./story.mjs";

/** @import { Browser, Page } from "./browser.mjs" */
/** @import { Env, Stack, Variables } from "../scripts/stack.mjs" */

/** Errors in the service's log: the only trace of a failed test on another machine.
 * @param {string} dir */
const errors = (dir) =>
  readdirSync(dir)
    .filter((file) => /^fatura.*\.log$/.test(file))
    .flatMap((file) =>
      readFileSync(join(dir, file), "utf8")
        .split("\n")
        .filter((line) => /\bERROR\b/.test(line)),
    )
    .slice(0, 20);

/**
 * Starts service and sandbox before the tests of a file, then runs `prepare`, and stops them after the tests. `env` is filled in by then.
 * `settings` gets a folder and returns more of Fatura's settings.
 * @param {string} name
 * @param {(env: Env) => Promise<unknown>} prepare
 * @param {(dir: string) => Variables} settings
 */
export function scene(name, prepare = async () => undefined, settings = () => ({})) {
  const env = /** @type {Env} */ ({});
  const scene = { env, stack: /** @type {Stack} */ (/** @type {unknown} */ (undefined)), done, as };
  /** @type {string} */
  let dir;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), `fatura-${name}-`));
    scene.stack = await start({ dir, settings: settings(dir) });
    Object.assign(env, scene.stack.env);
    await prepare(env);
  });
  after(async () => {
    const throttled = await control(env, "/calls", undefined, "GET").then(
      async (answer) => (await answer.json()).filter((/** @type {{ status: number }} */ call) => call.status === 429),
      () => [],
    );
    if (throttled.length > 0) console.log(`${throttled.length} calls were throttled, the first: ${JSON.stringify(throttled[0])}`);
    await scene.stack?.stop();
    for (const line of errors(dir)) console.log(line);
    rmSync(dir, { recursive: true, force: true });
  });

  /** Posts to the control port; its answer. Throws if it refuses.
   * @param {string} path
   * @param {unknown} [body] */
  async function done(path, body) {
    const answer = await control(env, path, body);
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${text}`);
    return text ? JSON.parse(text) : {};
  }

  /** A user signs in; afterwards the browser's console has no errors, and nothing went to other hosts.
   * @param {{ user: number, name: string, language: string }} who
   * @param {(page: Page, browser: Browser) => Promise<unknown>} story */
  async function as(who, story) {
    const browser = await openBrowser(who.language, env.FATURA_URL);
    try {
      await signIn(browser.page, env, who.name);
      await story(browser.page, browser);
      assert.deepEqual(browser.complaints, [], "the browser's console");
      assert.deepEqual(await browser.leaks(), [], "what pages asked of others, or kept in the browser");
    } catch (error) {
      await picture(browser.page, `failed-${name}-${who.user}`).catch(() => undefined);
      throw error;
    } finally {
      await browser.close();
    }
  }

  return scene;
}
