// The clock of the machine, as the service sees it. It can be moved where libfaketime is installed (`apt-get install faketime`).
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIBRARIES = "/usr/lib";
const library = readdirSync(LIBRARIES)
  .map((each) => join(LIBRARIES, each, "faketime/libfaketimeMT.so.1"))
  .find(existsSync);

/** Settings with which the service starts, and a function that moves its clock; nothing where there is no library.
 * @param {string} dir
 * @returns {{ move: (seconds: number) => void, settings: Record<string, string> } | undefined} */
export function clock(dir) {
  if (!library) return undefined;
  const file = join(dir, "clock");
  /** Ahead by so many seconds, or behind.
   * @param {number} seconds */
  const move = (seconds) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  move(0);
  return { move, settings: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" } };
}
