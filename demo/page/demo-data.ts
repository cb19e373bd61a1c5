/** What the page gets from the server about the demo. */
import type { Requirement } from './words.js';

/** What the rules say to a caller before any request: read from the rules, not measured. */
export type Verdict = 'allows' | 'refuses' | 'depends';

export type CallerId = 'anonymous' | 'bob' | 'alice' | 'machine' | 'user';

export interface CallerInfo {
  readonly id: CallerId;
  readonly name: string;
  /** How the caller gets a token. */
  readonly kind: 'none' | 'person' | 'machine' | 'user';
  readonly summary: string;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly handler: string;
  /** The rule in the words of the audit. */
  readonly rule: string;
  /** The names of the permission classes; `null` if they are decided per request. */
  readonly permissions: readonly string[] | null;
  /** What each object of a list must meet. */
  readonly filter?: Requirement;
  readonly body?: object;
  /** By the id of a caller; `alice+key` for a token that is bound to a key. */
  readonly foreseen: Readonly<Record<string, Verdict>>;
}

export interface Client {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resource: string;
}

export interface Demo {
  readonly api: string;
  readonly provider: string;
  readonly client: Client;
  readonly user: { readonly name: string; readonly password: string };
  readonly callers: readonly CallerInfo[];
  readonly routes: readonly Route[];
}

/** Objects to ask for by id, by the name of their resource. */
export type Examples = Readonly<Record<string, readonly { readonly id: number; readonly name: string }[]>>;

export async function loadDemo(): Promise<Demo> {
  return (await fetched('page/demo.json')) as Demo;
}

/** Makes those again that were deleted. */
export async function loadExamples(): Promise<Examples> {
  return (await fetched('page/examples', { method: 'POST' })) as Examples;
}

async function fetched(path: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(path, init).catch(() => {
    throw new Error('The API does not answer. Is the demo still running?');
  });
  if (!response.ok) throw new Error(`The API answered ${response.status} to ${path}.`);
  return response.json();
}

export function nameOf({ method, path }: Route): string {
  return `${method} ${path}`;
}
