/** Which values of a filter a column can hold. A value that it cannot hold equals none of its rows. */
import type { FilterValue } from '../../core/requirements/object-filter';

const wholeNumber = /^(?:0|-?[1-9]\d*)$/;

/** Returns the values that a column of text can equal: text, and whole numbers by their digits. */
export function textsOf(values: readonly FilterValue[]): readonly string[] {
  return values.flatMap(value => (typeof value === 'string' || Number.isSafeInteger(value) ? [String(value)] : []));
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Returns the values that a column of UUIDs can equal: in the form in which databases return them. */
export function uuidsOf(values: readonly FilterValue[]): readonly string[] {
  return textsOf(values).filter(text => uuid.test(text));
}

/**
 * Returns the whole numbers that a column of integers can equal, by their digits.
 *
 * @param max the largest number that a column can hold
 */
export function integersOf(values: readonly FilterValue[], max: bigint): readonly string[] {
  return textsOf(values).filter(text => wholeNumber.test(text) && isWithin(BigInt(text), max));
}

const min = -(2n ** 63n);

function isWithin(value: bigint, max: bigint): boolean {
  return value >= min && value <= max;
}

/** Returns the numbers that a column of double precision can equal exactly. */
export function numbersOf(values: readonly FilterValue[]): readonly number[] {
  return values.flatMap(value => {
    if (typeof value === 'number') return [value];
    const number = typeof value === 'string' && wholeNumber.test(value) ? Number(value) : NaN;
    return Number.isSafeInteger(number) ? [number] : [];
  });
}

export function booleansOf(values: readonly FilterValue[]): readonly boolean[] {
  return values.filter(value => typeof value === 'boolean');
}
