/**
 * Marks of filters that only this module can write or read: private fields, which a forged, copied or wrapped filter does not
 * have. A WeakMap would do the same, and cost several microseconds for each list.
 */

// Returning an object from the constructor of a base class puts the private fields of the derived class on that object.
class Marked {
  constructor(filter: object) {
    return filter;
  }
}

interface Note {
  readonly of: object;
  value: unknown;
}

class CheckedMark extends Marked {
  #notes: Note[] | undefined = undefined;

  static isOn(filter: object): boolean {
    return #notes in filter;
  }

  static note(filter: object, of: object): Note | undefined {
    if (!(#notes in filter) || filter.#notes === undefined) return undefined;
    for (const note of filter.#notes) if (note.of === of) return note;
    return undefined;
  }

  static add(filter: object, note: Note): void {
    if (#notes in filter) (filter.#notes ??= []).push(note);
  }
}

/** Marks a filter whose content was checked. Call it once for a filter, before it is frozen. */
export function markAsChecked(filter: object): void {
  new CheckedMark(filter);
}

/** Tells whether the content of the filter was checked. */
export function isChecked(filter: unknown): boolean {
  return CheckedMark.isOn(Object(filter) as object);
}

/**
 * What something makes of filters once, such as their SQL. It is kept on the filter itself: to look a filter up by its text
 * costs more than to compile it by hand.
 */
export class MadeOfFilters<T> {
  /** Returns what was made of this filter, the same object. */
  of(filter: object): T | undefined {
    return CheckedMark.note(filter, this)?.value as T | undefined;
  }

  /** Keeps what was made of a filter that was checked. */
  keep(filter: object, value: T): void {
    const note = CheckedMark.note(filter, this);
    if (note === undefined) CheckedMark.add(filter, { of: this, value });
    else note.value = value;
  }
}

class GivenMark extends Marked {
  readonly #note: () => void;
  readonly #original: object;

  constructor(filter: object, original: object, note: () => void) {
    super(filter);
    this.#original = original;
    this.#note = note;
  }

  static take(filter: object): object {
    if (!(#note in filter)) return filter;
    filter.#note();
    return filter.#original;
  }
}

/**
 * Calls `note` each time that the filter is read by a compiler, by `matches`, or by a builder that combines filters: a list
 * whose filter nobody has read must not be answered. Call it once for a filter, before it is frozen.
 *
 * @param original the filter of which this one is a copy
 */
export function noteWhenTaken(filter: object, original: object, note: () => void): void {
  new GivenMark(filter, original, note);
}

/** Notes that the filter was read, and returns the filter of which it is a copy, or itself. */
export function take<T>(filter: T): T {
  return typeof filter === 'object' && filter !== null ? (GivenMark.take(filter) as T) : filter;
}
