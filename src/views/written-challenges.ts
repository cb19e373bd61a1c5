/** Reads and writes each challenge once: an API has few, and each refusal has one. */
import {
  offeredChallenge,
  withParameters,
  writeChallenge,
  type AddedParameters,
  type OfferedChallenge,
} from '../core/http/challenge';
import { isPlain } from '../core/process/plain';

/** A class of the app may return another text for each request. */
const most = 100;
const longest = 1000;

const read = new Map<string, OfferedChallenge | undefined>();
const written = new Map<string, string>();

/** Reads what an authentication class returns as its challenge. */
export function readOnce(header: string | undefined): OfferedChallenge | undefined {
  const text = header ?? '';
  if (read.has(text)) return read.get(text);
  return keep(read, text, offeredChallenge(text));
}

/** Returns the value of the header field, with the parameters of these sources. */
export function writtenWith(
  challenge: OfferedChallenge,
  reason: AddedParameters | undefined,
  hints: AddedParameters,
): string {
  const name = JSON.stringify([challenge, reason, hints]);
  return written.get(name) ?? keep(written, name, writeChallenge(withParameters(challenge, reason, hints)));
}

function keep<Value>(kept: Map<string, Value>, name: string, value: Value): Value {
  if (isPlain || name.length > longest) return value;
  if (kept.size >= most) kept.clear();
  kept.set(name, value);
  return value;
}
