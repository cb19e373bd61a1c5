import { isDeepStrictEqual } from 'node:util';
import { isPerson, type Person } from '../accounts';
import type { Callers } from './callers';
import { expectationsOf, type Answer, type Expectation } from './expected';
import { examples, rules, type Rule } from './table';

export interface Outcome extends Expectation {
  readonly got: Answer;
  readonly passed: boolean;
}

/** Sends every request of every rule, one after the other. */
export async function* checkRules(
  apiUrl: string,
  callers: Callers,
  table: readonly Rule[] = rules,
): AsyncGenerator<Outcome> {
  const api = new ApiClient(apiUrl, callers);
  for (const rule of table)
    for (const expectation of await expectationsOf(rule, callers, apiUrl)) yield api.outcomeOf(expectation);
}

export class ApiClient {
  readonly #ids = new Map<string, Promise<string>>();

  constructor(
    private readonly url: string,
    private readonly callers: Callers,
  ) {}

  async outcomeOf(expectation: Expectation): Promise<Outcome> {
    const got = await this.#answerTo(expectation);
    return { ...expectation, got, passed: isDeepStrictEqual(got, expectation.expected) };
  }

  async #answerTo({ request, caller, body }: Expectation): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const response = await this.#send(method, await this.#withId(method, path), caller.token, body);
    await response.arrayBuffer();
    return answerIn(response);
  }

  /** Puts the id of something of bob's in the place of `{bob's}`. */
  async #withId(method: string, path: string): Promise<string> {
    const [, collection = '', placeholder = ''] = path.split('/');
    const owner = /^\{(\w+)'s\}$/.exec(placeholder)?.[1];
    return isPerson(owner) ? path.replace(placeholder, await this.#idOf(method, collection, owner)) : path;
  }

  #idOf(method: string, collection: string, owner: Person): Promise<string> {
    const key = `${collection} of ${owner}`;
    const isUsedUp = method === 'DELETE';
    const id = (isUsedUp ? undefined : this.#ids.get(key)) ?? this.#create(collection, owner);
    if (!isUsedUp) this.#ids.set(key, id);
    return id;
  }

  async #create(collection: string, owner: Person): Promise<string> {
    const { token } = await this.callers.named(owner);
    const response = await this.#send('POST', `/${collection}`, token, examples[collection]);
    const { id } = (await response.json()) as { id?: number };
    return String(id);
  }

  #send(method: string, path: string, token?: string, body?: object): Promise<Response> {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return fetch(this.url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  }
}

/** RFC 9110 §10.2.3's seconds. */
function isWithinAMinute(retryAfter: string): boolean {
  return /^\d+$/.test(retryAfter) && Number(retryAfter) > 0 && Number(retryAfter) <= 60;
}

/** What of a response is compared. */
export function answerIn({ status, headers }: Response): Answer {
  const saysWhenAgain = isWithinAMinute(headers.get('retry-after') ?? '');
  return { status, challenge: headers.get('www-authenticate'), saysWhenAgain };
}
