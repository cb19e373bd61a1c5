/** Remembers when the proofs ended that were forgotten, so that a clock that is set back accepts none of them again. */

/** From the first to the last end, in seconds since 1970. */
interface Span {
  from: number;
  to: number;
}

/** Ends that are no further apart become one span, in seconds. */
export const longestGap = 10;

/** Beyond these, the two earliest spans become one. */
export const mostSpans = 16;

/**
 * The ends of forgotten proofs, as a few spans. One latest end would not do: after a clock was ahead for a moment, it would
 * refuse the proofs of everybody until that time has come.
 */
export class ForgottenTimes {
  readonly #spans: Span[] = [];

  /** @param end seconds since 1970, whole */
  add(end: number): void {
    const near = this.#spans.find(({ from, to }) => end >= from - longestGap && end <= to + longestGap);
    if (near === undefined) this.#insert(end);
    else Object.assign(near, { from: Math.min(near.from, end), to: Math.max(near.to, end) });
  }

  /** Whether a proof that ends in this second may have been forgotten. */
  has(end: number): boolean {
    return this.#spans.some(({ from, to }) => from <= end && end <= to);
  }

  // The earliest are joined: they are long over, while one that is ahead of the time must stay as short as it is.
  #insert(end: number): void {
    this.#spans.push({ from: end, to: end });
    this.#spans.sort((one, other) => one.from - other.from);
    if (this.#spans.length <= mostSpans) return;
    const [first, second] = this.#spans.splice(0, 2) as [Span, Span];
    this.#spans.unshift({ from: first.from, to: Math.max(first.to, second.to) });
  }
}
