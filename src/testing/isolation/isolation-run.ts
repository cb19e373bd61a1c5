/** One test of isolation: its callers, their objects, and the requests that it sends. */
import { decide } from '../../routing-controllers/explaining';
import type { AxiomsServer } from '../../routing-controllers/start/axioms-server';
import type { LoopbackAnswer, Send } from '../loopback';
import { changeBetween, placeOfTexts, textsIn, textsOf } from './answers';
import { mixedValues, newText, responseOf, withoutText } from './requests';
import type { IsolationLeak, IsolationReport, LeakKind } from './report';
import { missingIds, placeOfSame, type AnswerPair } from './same-object';
import { seedByPosts, type IsolationCaller, type IsolationSeed } from './seeding';
import { bodyOf, filledPath, isNamed, queryOf, takesText, type TestedRoute } from './tested-routes';

interface RunOptions {
  readonly callers: Readonly<Record<string, string>>;
  readonly seed?: IsolationSeed;
  readonly shared?: readonly string[];
  readonly ignore?: readonly string[];
}

/** A caller with the object that was created last for them. */
interface Owner extends IsolationCaller {
  readonly values: Readonly<Record<string, string>>;
  /** Texts that only this object can have: they were sent to create it, or answered then. */
  readonly sent: readonly string[];
  /** All texts by which the object can be recognized. */
  readonly texts: readonly string[];
}

type Answers = ReadonlyMap<TestedRoute, LoopbackAnswer>;

const order = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];

export class IsolationRun {
  readonly #routes: readonly TestedRoute[];
  readonly #leaks: IsolationLeak[] = [];
  readonly #exercised = new Set<TestedRoute>();
  readonly #reasons = new Map<TestedRoute, string>();
  readonly #owners = new Map<string, Owner>();
  readonly #sentBy = new Map<string, Set<string>>();

  constructor(
    private readonly servers: readonly AxiomsServer[],
    private readonly all: readonly TestedRoute[],
    private readonly options: RunOptions,
    private readonly sendRaw: Send,
  ) {
    this.#routes = all
      .filter(route => !isNamed(route, options.ignore ?? []))
      .toSorted((one, other) => order.indexOf(one.method) - order.indexOf(other.method));
  }

  async report(): Promise<IsolationReport> {
    const names = Object.keys(this.options.callers);
    for (const name of names) await this.#seed(name);
    for (const observer of names)
      for (const owner of names) if (owner !== observer) await this.#compare(observer, owner);
    for (const name of names) await this.#exerciseOwn(name);
    return this.#found();
  }

  #found(): IsolationReport {
    const ignored = this.all.filter(route => !this.#routes.includes(route));
    const untested = this.#routes.filter(route => !this.#exercised.has(route));
    return {
      routes: this.all.map(({ name }) => name),
      exercised: this.all.filter(route => this.#exercised.has(route)).map(({ name }) => name),
      ignored: ignored.map(({ name }) => name),
      leaks: this.#leaks,
      untested: untested.map(route => ({
        route: route.name,
        reason: this.#reasons.get(route) ?? 'no request was sent',
      })),
    };
  }

  /** All texts of objects that were created for the caller. */
  #everSent(name: string): Set<string> {
    const texts = this.#sentBy.get(name) ?? new Set();
    this.#sentBy.set(name, texts);
    return texts;
  }

  /** Creates an object for the caller, and learns by which texts it can be recognized. */
  async #seed(name: string): Promise<Owner> {
    const token = this.options.callers[name] ?? '';
    const caller = { name, token, canary: newText('canary') };
    const earlier = this.#owners.get(name);
    const known = new Set<string>();
    if (earlier !== undefined)
      for (const answer of (await this.#read(earlier)).values()) for (const text of textsOf(answer)) known.add(text);
    const sent: string[] = [caller.canary];
    const statuses: number[] = [];
    const values = await (this.options.seed ?? seedByPosts(this.#routes))(caller, async (method, path, body) => {
      sent.push(...textsIn(body));
      const answer = await this.#send(token, method, path, body);
      statuses.push(answer.status);
      if (answer.status < 400) sent.push(...textsOf(answer));
      return responseOf(answer);
    });
    this.#requireSeeded(name, statuses);
    for (const text of sent) this.#everSent(name).add(text);
    const own = [...sent, ...Object.values(values).flatMap(textsIn)].filter(text => !known.has(text));
    const owner: Owner = { ...caller, values, sent: own, texts: own };
    const read = [...(await this.#read(owner)).values()].filter(({ status }) => status < 400).flatMap(textsOf);
    const seeded = { ...owner, texts: [...new Set([...own, ...read.filter(text => !known.has(text))])] };
    this.#owners.set(name, seeded);
    return seeded;
  }

  // Without an object there is nothing to leak, and everything would seem isolated.
  #requireSeeded(name: string, statuses: readonly number[]): void {
    const isSeeded = this.options.seed !== undefined && statuses.length === 0;
    if (isSeeded || statuses.some(status => status < 400)) return;
    throw new RangeError(
      `No object could be created for ${name} (${statuses.join(', ') || 'no POST route'}): give expectIsolation() a seed that creates one.`,
    );
  }

  async #compare(observerName: string, ownerName: string): Promise<void> {
    const observer = this.#owners.get(observerName) as Owner;
    const first = await this.#read(observer);
    const second = await this.#read(observer);
    await this.#noteShown(second, observer, this.#owners.get(ownerName) as Owner);
    const owner = await this.#seed(ownerName);
    const now = await this.#read(observer);
    const texts = this.#ownTexts(owner, observer, second);
    for (const [route, answer] of now) {
      const [one, two] = [first.get(route), second.get(route)];
      const shown = placeOfTexts(answer, texts);
      if (shown !== undefined) await this.#note(route, 'shows', observer, owner, shown, this.#pathOf(route, observer));
      else if (one !== undefined && two !== undefined) {
        const changed = changeBetween(one, two, answer);
        if (changed !== undefined)
          await this.#note(route, 'depends on', observer, owner, changed, this.#pathOf(route, observer));
      }
    }
    const takesBody = (route: TestedRoute): boolean => bodyOf(route, '') !== undefined;
    await this.#search(
      this.#routes.filter(route => route.reads && (takesText(route) || takesBody(route))),
      observer,
      owner,
      texts,
    );
    await this.#attack(observer, owner, texts);
    // What creates has the owner's text now, so that it comes last.
    const others = this.#routes.filter(route => !route.reads && route.parameters.length === 0 && takesBody(route));
    const current = this.#owners.get(ownerName) as Owner;
    await this.#search(others, observer, current, [current.canary]);
  }

  /** Finds the object that the other caller has had since before, which a cache may have kept. */
  async #noteShown(answers: Answers, observer: Owner, owner: Owner): Promise<void> {
    const texts = owner.sent.filter(text => !this.#everSent(observer.name).has(text));
    for (const [route, answer] of answers) {
      const shown = placeOfTexts(answer, texts);
      if (shown !== undefined) await this.#note(route, 'shows', observer, owner, shown, this.#pathOf(route, observer));
    }
  }

  // What both callers see anyway says nothing, and neither does what the observer's own objects have.
  #ownTexts(owner: Owner, observer: Owner, seen: Answers): readonly string[] {
    const known = [...seen.values()].map(({ body, headers }) => `${JSON.stringify(headers)}${body}`).join('\n');
    const own = this.#everSent(observer.name);
    return owner.texts.filter(text => !known.includes(text) && !own.has(text) && !observer.texts.includes(text));
  }

  /** A search for the other caller's text must find as little as a search for any other text. */
  async #search(
    routes: readonly TestedRoute[],
    observer: Owner,
    owner: Owner,
    texts: readonly string[],
  ): Promise<void> {
    for (const route of routes) {
      // Another one for each route: the text may be in an object afterwards.
      const other = newText('nobody');
      const ask = (text: string): Promise<LoopbackAnswer | undefined> => this.#ask(route, observer, observer, text);
      const [first, second, found] = [await ask(other), await ask(other), await ask(owner.canary)];
      if (first === undefined || second === undefined || found === undefined) continue;
      const neutral = withoutText(found, owner.canary, other);
      const [one, two] = [withoutText(first, other, other), withoutText(second, other, other)];
      const rest = texts.filter(text => text !== owner.canary);
      const place = placeOfTexts(neutral, rest) ?? changeBetween(one, two, neutral);
      if (place !== undefined) await this.#note(route, 'shows', observer, owner, place, this.#pathOf(route, observer));
    }
  }

  /** Asks for the other caller's object by its own parameters, and tries to change it. */
  async #attack(observer: Owner, owner: Owner, texts: readonly string[]): Promise<void> {
    let target = owner;
    for (const route of this.#routes.filter(({ parameters, reads }) => parameters.length > 0 || !reads))
      for (const values of mixedValues(route, observer, target)) {
        const aimed = { ...target, values };
        const path = this.#pathOf(route, aimed);
        if (path === undefined) continue;
        const before = route.reads ? [] : [await this.#view(target), await this.#view(target)];
        const answer = await this.#ask(route, observer, aimed, newText('nobody'));
        if (answer === undefined) continue;
        const shown = placeOfTexts(answer, texts) ?? (await this.#placeOfSame(route, answer, observer, target, aimed));
        if (shown !== undefined) await this.#note(route, 'shows', observer, target, shown, path);
        const [first, second] = before;
        if (first !== undefined && second !== undefined) {
          const changed = differenceOf(first, second, await this.#view(target));
          if (changed === undefined) continue;
          await this.#note(route, 'changes', observer, target, changed, path);
          target = await this.#seed(target.name);
        }
      }
  }

  /** An answer without any telling text shows the object, too, if it is the owner's own answer, and that of no other id. */
  async #placeOfSame(
    route: TestedRoute,
    answer: LoopbackAnswer,
    observer: Owner,
    target: Owner,
    aimed: Owner,
  ): Promise<string | undefined> {
    if (!route.reads || answer.status >= 400 || aimed.values !== target.values) return undefined;
    const own = await this.#askTwice(route, target, target);
    const missing = await this.#askTwice(route, observer, { ...target, values: missingIds(target.values) });
    const mine = await this.#ask(route, observer, observer, observer.canary);
    if (own === undefined || missing === undefined || own[1].status >= 400) return undefined;
    return placeOfSame(answer, { own, missing, mine }, target.values);
  }

  async #askTwice(route: TestedRoute, sender: Owner, target: Owner): Promise<AnswerPair | undefined> {
    const first = await this.#ask(route, sender, target, sender.canary);
    const second = await this.#ask(route, sender, target, sender.canary);
    return first && second && [first, second];
  }

  /** Sends what changes something to the caller's own object: a route that refuses everybody was not tested. */
  async #exerciseOwn(name: string): Promise<void> {
    for (const route of this.#routes.filter(one => !one.reads && !this.#exercised.has(one))) {
      let owner = this.#owners.get(name) as Owner;
      let answer = await this.#ask(route, owner, owner, owner.canary);
      if (answer?.status === 404) {
        owner = await this.#seed(name);
        answer = await this.#ask(route, owner, owner, owner.canary);
      }
      if (answer !== undefined) this.#judge(route, answer.status);
    }
  }

  #judge(route: TestedRoute, status: number): void {
    if (status < 400) this.#exercised.add(route);
    else this.#reasons.set(route, `every answer to a caller's own request was an error, such as ${status}`);
  }

  /** Everything that the caller reads with their own parameters. */
  async #read(caller: Owner): Promise<Answers> {
    const answers = new Map<TestedRoute, LoopbackAnswer>();
    for (const route of this.#routes.filter(({ reads }) => reads)) {
      const answer = await this.#ask(route, caller, caller, caller.canary);
      if (answer === undefined) continue;
      answers.set(route, answer);
      if (!this.#exercised.has(route)) this.#judge(route, answer.status);
    }
    return answers;
  }

  /** The caller's object, as they read it by its own parameters; without such a route, their lists. */
  async #view(owner: Owner): Promise<Answers> {
    const views = new Map<TestedRoute, LoopbackAnswer>();
    const gets = this.#routes.filter(({ method }) => method === 'GET');
    const ofObjects = gets.filter(({ parameters }) => parameters.length > 0);
    const lists = gets.filter(route => !isNamed(route, this.options.shared ?? []));
    for (const route of ofObjects.length > 0 ? ofObjects : lists) {
      const answer = await this.#ask(route, owner, owner, owner.canary);
      if (answer !== undefined) views.set(route, answer);
    }
    return views;
  }

  async #ask(
    route: TestedRoute,
    sender: IsolationCaller,
    target: Owner,
    text: string,
  ): Promise<LoopbackAnswer | undefined> {
    const path = this.#pathOf(route, target);
    if (path === undefined) {
      this.#reasons.set(
        route,
        route.isFillable ? 'seed() returned no value for its parameters' : 'its path is a pattern',
      );
      return undefined;
    }
    const isSearch = text !== sender.canary;
    return this.#send(sender.token, route.method, `${path}${queryOf(route, text, isSearch)}`, bodyOf(route, text));
  }

  #pathOf(route: TestedRoute, { values }: Pick<Owner, 'values'>): string | undefined {
    return route.isFillable ? filledPath(route, (key, name) => values[key] ?? values[name]) : undefined;
  }

  async #send(token: string, method: string, path: string, body?: unknown): Promise<LoopbackAnswer> {
    const answer = await this.sendRaw(method, path, { headers: { Authorization: `Bearer ${token}` }, body });
    const isRefused = answer.status === 401 && String(answer.headers['www-authenticate']).includes('invalid_token');
    if (isRefused)
      throw new RangeError(
        `The token of a caller of expectIsolation() is refused: ${method} ${path} is 401 invalid_token. Nothing would be tested.`,
      );
    return answer;
  }

  async #note(
    route: TestedRoute,
    kind: LeakKind,
    caller: Owner,
    owner: Owner,
    where: string,
    path: string | undefined,
  ): Promise<void> {
    const isNoted = this.#leaks.some(
      one => one.route === route.name && one.caller === caller.name && one.kind === kind,
    );
    if (isNoted || isNamed(route, this.options.shared ?? [])) return;
    if (await this.#allowsEverything(route, caller, path ?? route.path)) return;
    this.#leaks.push({ route: route.name, kind, caller: caller.name, owner: owner.name, where });
  }

  // A route without any rule about objects is not excused: it may have lost its rule.
  async #allowsEverything({ rules, method }: TestedRoute, caller: Owner, path: string): Promise<boolean> {
    if (!rules.hasObjectRule) return false;
    if (!rules.isObjectAction(method) && !rules.isListAction(method)) return false;
    if (rules.dependOnObjects(method) === false) return true;
    const headers = { Authorization: `Bearer ${caller.token}` };
    const decision = await decide(this.servers, { method, path, headers });
    return decision?.isAllowed === true && !decision.dependsOnObject;
  }
}

function differenceOf(first: Answers, second: Answers, third: Answers): string | undefined {
  for (const [route, answer] of first) {
    const [before, now] = [second.get(route), third.get(route)];
    const changed = before && now && changeBetween(answer, before, now);
    if (changed !== undefined) return `${changed} of ${route.name}`;
  }
  return undefined;
}
