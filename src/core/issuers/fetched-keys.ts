/** Reads the key set from an issuer's answer. */
import { FetchFailure } from '../http/bounded-fetch';
import { KeySet, TooManyKeys } from './key-set';

/**
 * Returns the keys of a fetched JWK Set. Keys that `previous` has, too, are the same objects.
 *
 * @throws FetchFailure if the document is not a JWK Set, or has more keys than are accepted.
 */
export function readKeys(document: unknown, url: string, previous: KeySet): KeySet {
  try {
    const keySet = KeySet.read(document, previous);
    if (keySet !== undefined) return keySet;
  } catch (error) {
    throw error instanceof TooManyKeys ? new FetchFailure('size', url, error.message) : error;
  }
  throw new FetchFailure('parse', url, 'the answer is not a JWK Set');
}
