/** Who exists at the authorization server, and what it lets them do at the API. */

/** The API's name at the authorization server: the audience of its access tokens. */
export const API = 'https://api.demo.example';

/** The same API, for an app that asks for opaque tokens: their issuer alone can read them, and take them back. */
export const OPAQUE_API = `${API}/opaque`;

export const API_SCOPES = [
  'openid',
  'profile',
  'report:read',
  'report:finance',
  'book:read',
  'book:create',
  'book:update',
  'book:delete',
  'book:publish',
] as const;

export type Scope = (typeof API_SCOPES)[number];

export interface Account {
  readonly scopes: readonly Scope[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export const accounts = {
  alice: {
    scopes: API_SCOPES,
    roles: ['admin', 'editor'],
    permissions: ['sample:read', 'sample:create', 'sample:update', 'sample:delete'],
  },
  bob: {
    scopes: ['openid', 'profile', 'report:read', 'book:read'],
    roles: ['viewer'],
    permissions: ['sample:read'],
  },
  machine: {
    scopes: ['book:read', 'book:create'],
    roles: [],
    permissions: ['sample:create'],
  },
} as const satisfies Record<string, Account>;

export type AccountName = keyof typeof accounts;

/** The people: who signs in with a browser. */
export const people = ['alice', 'bob'] as const satisfies readonly AccountName[];

export type Person = (typeof people)[number];

export function isPerson(name: unknown): name is Person {
  return people.some(person => person === name);
}
