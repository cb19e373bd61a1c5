/** The kinds of the microservice's options: what each accepts. */
import { isLoopback, isPlainUrl } from '../core/http/urls';
import { text, type Kind } from '../core/settings/kinds';
import type { ProviderOptions } from './identity-providers/provider-options';
import type { CallableAttribute } from './tokens/custom-claims';

// Options are set in code only: none is read from an environment variable.
function kindOf<Value>(accepts: string, isRight: (input: unknown) => boolean): Kind<Value, Value> {
  return {
    accepts,
    read: variable => variable,
    check: input => (isRight(input) ? (input as Value) : undefined),
  };
}

export function oneOf<Value extends string>(...values: readonly Value[]): Kind<Value, Value> {
  return kindOf(`one of ${values.join(', ')}`, input => values.includes(input as Value));
}

export function functionOf<Value>(): Kind<Value, Value> {
  return kindOf('a function', input => typeof input === 'function');
}

export const anything = text('a text');

// RFC 8414 §2: "a URL that uses the "https" scheme and has no query or fragment components".
export const issuerUrl = text(
  'an https: URL without query or fragment (http: only for this machine)',
  url => isPlainUrl(url) && !url.includes('?') && (url.startsWith('https:') || isLoopback(new URL(url))),
);

export const origin = text(
  "an origin, scheme and host without a path, such as 'https://app.example.com'",
  url => URL.canParse(url) && new URL(url).origin === url,
);

/** Named, because the compiler would otherwise write `Uint8Array<ArrayBufferLike>`, which TypeScript before 5.7 rejects. */
export type SecretBytes = string | Uint8Array;

export const secret = kindOf<SecretBytes>(
  'at least 32 random bytes, as text or a Uint8Array (`openssl rand -base64 32` makes some)',
  input => (typeof input === 'string' || input instanceof Uint8Array) && Buffer.byteLength(input) >= 32,
);

export const callables = kindOf<readonly CallableAttribute[]>(
  'a list of { attrName, attrGetter }, a text and a function',
  input => Array.isArray(input) && input.every(isCallableAttribute),
);

export const providers = kindOf<ProviderOptions | readonly ProviderOptions[]>(
  'a provider, such as { provider, clientId, … }, or a list of them',
  input => typeof input === 'object' && input !== null,
);

function isCallableAttribute(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false;
  const { attrName, attrGetter } = input as Partial<CallableAttribute>;
  return typeof attrName === 'string' && typeof attrGetter === 'function';
}
