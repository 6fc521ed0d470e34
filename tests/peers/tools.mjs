// What several tests need: seeded randomness, the digest of a log, waiting for a condition.
import { setTimeout as delay } from 'node:timers/promises';

/** Mulberry32: small, fast, and the same on every machine. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1, without 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from 0, below end. */
  below(end) {
    return Math.floor(this.next() * end);
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(items) {
    return items[this.below(items.length)];
  }
}

export const seed = process.env.SEED === undefined ? Date.now() & 0x7fffffff : Number(process.env.SEED);

/** The digest of PROTOCOL section 2: two lanes of FNV-1a over the identities, in seq order. */
export function digestOf(operations) {
  let first = 0x811c9dc5;
  let second = 0x9dc5811c;
  for (const { scope, resourceId, actor, clock } of operations) {
    for (const byte of Buffer.from(`${scope}\n${resourceId}\n${actor}\n${clock}\n`)) {
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second ^ byte, 0x01000193);
    }
  }
  const hex = (lane) => (lane >>> 0).toString(16).padStart(8, '0');
  return hex(first) + hex(second);
}

/** Asks again until the condition holds; fails when it does not in time. */
export async function until(condition, what, milliseconds = 30_000) {
  const deadline = Date.now() + milliseconds;
  while (true) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`in ${milliseconds} ms it did not come to pass that ${what}`);
    await delay(10);
  }
}
