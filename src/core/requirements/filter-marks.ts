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

class CheckedMark extends Marked {
  readonly #isChecked = true;

  static isOn(filter: object): boolean {
    return #isChecked in filter && filter.#isChecked;
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

class GivenMark extends Marked {
  readonly #note: () => void;

  constructor(filter: object, note: () => void) {
    super(filter);
    this.#note = note;
  }

  static take(filter: object): void {
    if (#note in filter) filter.#note();
  }
}

/**
 * Calls `note` each time that the filter is read by a compiler, by `matches`, or by a builder that combines filters: a list
 * whose filter nobody has read must not be answered. Call it once for a filter, before it is frozen.
 */
export function noteWhenTaken(filter: object, note: () => void): void {
  new GivenMark(filter, note);
}

/** Notes that the filter was read. */
export function take(filter: unknown): void {
  GivenMark.take(Object(filter) as object);
}
