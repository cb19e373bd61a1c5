/** `axioms token decode`: shows the header and claims of a token. Verifies nothing, and never shows the signature. */
import { parseArgs } from 'node:util';
import { formOf, parseCompactJws, type Claims, type TokenForm, type JsonValue } from '../core/jws/compact-jws';
import { InvalidToken } from '../core/http/exceptions';
import type { Command } from './command';
import { printable } from './terminal';
import { readToken } from './token-source';
import { UsageError } from './usage-error';

const options = { values: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } as const;

// Claims about the origin and the validity of a token, which say nothing about a person.
const impersonal = ['iss', 'aud', 'exp', 'nbf', 'iat', 'token_use', 'typ', 'ver', 'scope', 'scp'];
const times = ['exp', 'nbf', 'iat', 'auth_time'];
const longest = 1 << 20;

export const tokenDecode: Command = {
  name: 'token decode',
  options,
  usage: 'token decode [TOKEN] [--values] [--json]',
  summary:
    'Header and claims of a token (default: from the standard input). Values of claims about somebody only with --values; the signature never. Nothing is verified.',
  async run(parameters, terminal) {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true });
    if (positionals.length > 1) throw new UsageError('Name one token.');
    const { header, claims } = decoded(await readToken(positionals[0] ?? '-', terminal));
    const shown = { header, claims: values.values ? claims : withoutPeople(claims) };
    terminal.write(values.json ? `${JSON.stringify(shown, null, 2)}\n` : inText(shown));
    return 0;
  },
};

const reasons: Readonly<Record<TokenForm, string>> = {
  opaque: 'That is an opaque token, not a JWT: only its issuer can read it.',
  encrypted: 'That is an encrypted token (JWE): only the holder of the key can read it.',
  signed: 'That is no JWT: three parts of base64url are expected, JSON objects in the first two.',
};

function decoded(token: string): Record<'header' | 'claims', Claims> {
  try {
    return parseCompactJws(token, longest);
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    throw new UsageError(reasons[formOf(token)]);
  }
}

function withoutPeople(claims: Claims): Claims {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, impersonal.includes(name) ? value : `(${kindOf(value)})`]),
  );
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return `list of ${value.length}`;
  return value === null ? 'null' : typeof value;
}

function inText({ header, claims }: Record<'header' | 'claims', Claims>): string {
  return `Header\n${lines(header)}\nClaims (not verified)\n${lines(claims)}\n`;
}

function lines(members: Claims): string {
  return Object.entries(members)
    .map(([name, value]) => `  ${printable(name)}: ${printable(textOf(value))}${timeOf(name, value)}`)
    .join('\n');
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function timeOf(name: string, value: JsonValue): string {
  const time = typeof value === 'number' && times.includes(name) ? new Date(value * 1000) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? '' : ` (${time.toISOString()})`;
}
