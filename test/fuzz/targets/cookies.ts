/** Cookies of the token microservice: pairs, and signed values. */
import { expect } from 'chai';
import type { Request } from 'express';
import fc from 'fast-check';
import { cookiesIn, type CookiePair } from '../../../src/microservice/cookies/request-cookies';
import { SignedValues } from '../../../src/microservice/cookies/signed-value';
import { Secrets } from '../../../src/microservice/secrets';
import { mutated, target, type Target } from '../target';

const pairs = fc.array(fc.tuple(fc.string(), fc.string()).map(parts => parts.join('=')));
const fields = mutated(
  pairs.map(list => list.join('; ')),
  '__Host-',
  '__Secure-',
  '; ',
  '==',
);

function pairsOf(cookie: string): readonly CookiePair[] {
  return cookiesIn({ headers: { cookie } } as Request);
}

function checkPairs(field: string): void {
  const found = pairsOf(field);
  for (const { name, value } of found) {
    expect(name).not.to.match(/[=;]/);
    expect(value).not.to.include(';');
    expect(field).to.include(`${name}=${value}`);
  }
  expect(pairsOf(found.map(({ name, value }) => `${name}=${value}`).join('; '))).to.deep.equal(found);
}

const signing = (secret: string, salt: string): SignedValues =>
  new SignedValues(new Secrets(secret), salt, () => Date.UTC(2026, 0, 1));
const ours = signing('a secret of thirty-two characters', 'salt');
const others = [
  signing('another secret of the same length', 'salt'),
  signing('a secret of thirty-two characters', 'x'),
];
const value = 'handle.secret-1';
const signed = ours.sign('refresh', value);

/** Only the exact text that was signed is read, in the cookie that it was signed for. */
function checkSigned(text: string): void {
  expect(ours.read('refresh', text)).to.equal(text === signed ? value : undefined);
  expect(ours.read('csrf', text)).to.equal(undefined);
  for (const other of others) expect(other.read('refresh', text)).to.equal(undefined);
}

export const cookieTargets: readonly Target[] = [
  target('cookie: pairs', fields, checkPairs),
  target('cookie: signed values', mutated(fc.constant(signed), ':', '-'), checkSigned),
];
