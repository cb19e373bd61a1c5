/** The requests of the callers in a test of isolation, and their answers. */
import type { LoopbackAnswer, Send } from '../loopback';
import { changeBetween, onlyWith } from './answers';
import type { Coverage } from './coverage';
import type { Query } from './queries';
import { bodyWith, headersWith, queryWith } from './sent-ids';
import type { IsolationCaller } from './seeding';
import { bodyOf, filledPath, type TestedRoute } from './tested-routes';

/** A caller with the object that was created last for them. */
export interface Owner extends IsolationCaller {
  readonly values: Readonly<Record<string, string>>;
  /** Did the seed send the canary in one request only? */
  readonly isSentOnce: boolean;
  /** Texts that only this object can have: they were sent to create it, or answered then. */
  readonly sent: readonly string[];
  /** All texts by which the object can be recognized. */
  readonly texts: readonly string[];
}

/** An answer to a request with one of the route's queries. */
export interface Answered {
  readonly route: TestedRoute;
  readonly answer: LoopbackAnswer;
}

export type Answers = ReadonlyMap<Query, Answered>;

type Asked = readonly [
  route: TestedRoute,
  sender: Owner,
  target: Owner,
  text: string,
  query?: Query,
  /** What to send beside the path, instead of samples. */
  id?: string,
];

export class Exchanges {
  constructor(
    private readonly routes: readonly TestedRoute[],
    private readonly coverage: Coverage,
    private readonly sendRaw: Send,
  ) {}

  /** Everything that the caller reads with their own parameters. */
  async read(caller: Owner): Promise<Answers> {
    const answers = new Map<Query, Answered>();
    for (const route of this.routes.filter(({ reads }) => reads))
      for (const query of route.queries) {
        const answer = await this.ask(route, caller, caller, caller.canary, query);
        if (answer === undefined) continue;
        answers.set(query, { route, answer });
        this.coverage.judge(route, query, answer.status);
      }
    return answers;
  }

  /** The routes whose answer may have several objects. */
  get lists(): readonly TestedRoute[] {
    return this.routes.filter(({ method, parameters }) => method === 'GET' && parameters.length === 0);
  }

  /** The caller's object, as they read it by its own parameters and in the lists, where these words tell which is theirs. */
  async view(owner: Owner, lists: readonly TestedRoute[], words: readonly string[]): Promise<Answers> {
    const views = new Map<Query, Answered>();
    const ofObjects = this.routes.filter(({ method, parameters }) => method === 'GET' && parameters.length > 0);
    for (const route of [...ofObjects, ...lists]) {
      const answer = await this.ask(route, owner, owner, owner.canary);
      const shown = answer && (lists.includes(route) ? onlyWith(answer, words) : answer);
      if (shown !== undefined) views.set(route.queries[0], { route, answer: shown });
    }
    return views;
  }

  /** Returns the answer; `undefined` if the route cannot be asked, or if a throttle answered. */
  async ask(...asked: Asked): Promise<LoopbackAnswer | undefined> {
    const answer = await this.#askOnce(...asked);
    if (answer?.status !== 429) return answer;
    this.coverage.noteThrottled(asked[0]);
    return undefined;
  }

  async #askOnce(
    ...[route, sender, target, text, query = route.queries[0], id]: Asked
  ): Promise<LoopbackAnswer | undefined> {
    const path = this.pathOf(route, target);
    if (path === undefined) {
      const reason = route.isFillable ? 'seed() returned no value for its parameters' : 'its path is a pattern';
      this.coverage.explain(route, reason);
      return undefined;
    }
    // What the sender's own body needs, such as the id of their tenant.
    const body = bodyOf(route, text, sender.values);
    const { token } = sender;
    if (id === undefined) return this.send(token, route.method, `${path}${query.fill(text, target.values)}`, body);
    const filled = `${path}${query.fill(text, queryWith(route, id))}`;
    return this.send(token, route.method, filled, bodyWith(body, id), headersWith(route, id));
  }

  pathOf(route: TestedRoute, { values }: Pick<Owner, 'values'>): string | undefined {
    return route.isFillable ? filledPath(route, (key, name) => values[key] ?? values[name]) : undefined;
  }

  async send(
    token: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<LoopbackAnswer> {
    const content = { headers: { ...headers, Authorization: `Bearer ${token}` }, body };
    const answer = await this.sendRaw(method, path, content);
    const isRefused = answer.status === 401 && String(answer.headers['www-authenticate']).includes('invalid_token');
    if (isRefused)
      throw new RangeError(
        `The token of a caller of expectIsolation() is refused: ${method} ${path} is 401 invalid_token. Nothing would be tested.`,
      );
    return answer;
  }
}

/** Returns where the third answers differ from the second, and these do not differ from the first. */
export function differenceOf(first: Answers, second: Answers, third: Answers): string | undefined {
  for (const [query, { route, answer }] of first) {
    const [before, now] = [second.get(query), third.get(query)];
    const changed = before && now && changeBetween(answer, before.answer, now.answer);
    if (changed !== undefined) return `${changed} of ${route.name}`;
  }
  return undefined;
}
