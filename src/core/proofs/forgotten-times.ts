/** Remembers when the proofs ended that were forgotten, so that a clock that is set back accepts none of them again. */

/** From the first to the last end, in seconds since 1970. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Ends that are no further apart become one span, in seconds. */
export const shortestGap = 10;

/** Most spans. A further one makes the closest two one. */
export const mostSpans = 32;

/**
 * The ends of forgotten proofs, as a few spans. One latest end would not do: after a clock was ahead for a moment, it would
 * refuse the proofs of everybody until that time has come.
 */
export class ForgottenTimes {
  #spans: readonly Span[] = [];

  /** @param end seconds since 1970, whole */
  add(end: number): void {
    if (this.has(end)) return;
    const spans = [...this.#spans, { from: end, to: end }].sort((one, other) => one.from - other.from);
    const joined = withoutGapsUpTo(shortestGap, spans);
    this.#spans = joined.length > mostSpans ? withOneLess(joined) : joined;
  }

  /** Whether a proof that ends in this second may have been forgotten. */
  has(end: number): boolean {
    return this.#spans.some(({ from, to }) => from <= end && end <= to);
  }
}

function withoutGapsUpTo(gap: number, spans: readonly Span[]): readonly Span[] {
  return spans.reduce<readonly Span[]>((joined, span) => {
    const last = joined.at(-1);
    const isNear = last !== undefined && span.from - last.to <= gap;
    return isNear ? [...joined.slice(0, -1), { from: last.from, to: Math.max(last.to, span.to) }] : [...joined, span];
  }, []);
}

// What is joined refuses the times between, too. If the clock is ahead, the present is in the gap that its jump has made, and
// that one closes last.
function withOneLess(spans: readonly Span[]): readonly Span[] {
  const gaps = spans.slice(1).map(({ from }, index) => from - (spans[index] as Span).to);
  const place = gaps.indexOf(Math.min(...gaps));
  const [one, other] = spans.slice(place, place + 2) as [Span, Span];
  return [...spans.slice(0, place), { from: one.from, to: other.to }, ...spans.slice(place + 2)];
}
