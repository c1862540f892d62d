// Random numbers from a seed: all decisions of a storm follow from it. The timing of processes does not.

/** @typedef {{
 *   next(): number,
 *   below(most: number): number,
 *   of<T>(list: readonly T[]): T,
 *   percent(share: number): boolean,
 *   branch(): Dice,
 * }} Dice */

/** @param {number} seed
 * @returns {Dice} */
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ most) => Math.floor(next() * most);
  return {
    next,
    below,
    of: (list) => list[below(list.length)],
    /** True in this percentage of calls. */
    percent: (share) => next() * 100 < share,
    /** A generator of its own, so that concurrent users do not change each other's draws. */
    branch: () => chance(below(2 ** 32)),
  };
}
