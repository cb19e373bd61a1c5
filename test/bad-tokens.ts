/** The test kit's forged tokens: each must be refused for one reason. */
import { forge, forgedTokens, type ForgedToken, type ForgedTokenName } from 'axioms-routing-controllers/testing';
import type { TestIssuer } from './issuer/test-issuer';

export interface BadToken extends ForgedToken {
  make(issuer: TestIssuer): string;
}

const all: readonly BadToken[] = (Object.keys(forgedTokens) as ForgedTokenName[]).map(name => ({
  ...forgedTokens[name],
  make: issuer => forge(name, issuer),
}));

/** Refused for what the token says: no key is needed to know. */
export const badWithoutAKey = all.filter(one => one.isRefusedWithoutAKey);

/** Refused by the issuer's keys. */
export const badByItsKey = all.filter(one => !one.isRefusedWithoutAKey);
