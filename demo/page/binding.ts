/** The same token with a proof of its key, and without: what a thief of the token could do. */
import { outcomeOf, type Answer } from './answer.js';
import { requestOf, send, type ApiRequest } from './api-request.js';
import type { Callers, Credentials } from './callers.js';
import { loading } from './detail.js';
import { claimsOf } from './encoding.js';
import { byId, element, row, type Child } from './element.js';
import type { ProofKey } from './proof-key.js';

interface Attempt {
  readonly what: string;
  readonly request: ApiRequest;
}

type Bound = Credentials & { readonly token: string; readonly key: ProofKey };

export class Binding {
  constructor(
    private readonly api: string,
    private readonly callers: Callers,
  ) {
    this.clear();
  }

  clear(): void {
    const text = 'Not tried yet. The page makes a P-256 key that no script can read, and signs alice in with it.';
    byId('binding').replaceChildren(element('p', { class: 'empty' }, text));
  }

  async run(): Promise<void> {
    byId('binding').replaceChildren(loading('Signing in with a key…'));
    const bound = (await this.callers.obtain('alice', true).catch((error: unknown) => {
      this.clear();
      throw error;
    })) as Bound;
    const rows: HTMLElement[] = [];
    // One after the other: the second use of a proof comes after the first.
    for (const attempt of await this.#attempts(bound)) rows.push(attemptRow(attempt, await send(attempt.request)));
    byId('binding').replaceChildren(keyFacts(bound), table(rows));
  }

  async #attempts(bound: Bound): Promise<readonly Attempt[]> {
    const target = { api: this.api, method: 'GET', path: '/protected' };
    const proven = await requestOf(target, bound);
    const elsewhere = await requestOf({ ...target, path: '/public' }, bound);
    return [
      { what: 'With a proof of the key', request: proven },
      { what: 'The same token as Bearer', request: await requestOf(target, { token: bound.token }) },
      { what: 'The same proof once more', request: proven },
      { what: 'A proof for another URL', request: { ...elsewhere, url: proven.url } },
      { what: 'A route that requires a key', request: await requestOf({ ...target, path: '/vault' }, bound) },
    ];
  }
}

function keyFacts({ token, key }: Bound): HTMLElement {
  const { jkt } = claimsOf(token)['cnf'] as { readonly jkt: string };
  return element(
    'dl',
    { class: 'facts' },
    row('The key', `P-256, made by WebCrypto, ${key.isExtractable ? 'extractable' : 'not extractable'}`),
    row('Its thumbprint', element('code', {}, key.thumbprint)),
    row('cnf.jkt of the token', element('code', {}, jkt), jkt === key.thumbprint ? ' the same' : ' another'),
  );
}

function table(rows: readonly HTMLElement[]): HTMLElement {
  const heads = ['What is sent', 'Answer'].map(name => element('th', { scope: 'col' }, name));
  const head = element('thead', {}, element('tr', {}, ...heads));
  return element(
    'table',
    { class: 'attempts', 'aria-label': 'Requests with the same token' },
    head,
    element('tbody', {}, ...rows),
  );
}

function attemptRow({ what, request: { method, url } }: Attempt, answer: Answer): HTMLElement {
  const target = element('code', { class: 'quiet' }, `${method} ${new URL(url).pathname}`);
  const head = element('th', { scope: 'row' }, what, target);
  const status = element(
    'span',
    { class: 'badge', 'data-outcome': outcomeOf(answer) },
    `${answer.status} ${answer.reason}`,
  );
  return element('tr', {}, head, element('td', {}, status, ...reasonOf(answer)));
}

function reasonOf({ body }: Answer): readonly Child[] {
  const { error_description: description } = Object(body) as { readonly error_description?: string };
  return description === undefined ? [] : [element('span', { class: 'quiet' }, description)];
}
