/** One test of isolation: its callers, their objects, and the requests that it sends. */
import type { AxiomsServer } from '../../routing-controllers/start/axioms-server';
import type { LoopbackAnswer, Send } from '../loopback';
import { changeBetween, isComparable, placeOfTexts, textsIn, textsOf } from './answers';
import { mixedValues, newText, responseOf, withoutText } from './requests';
import { Coverage } from './coverage';
import { differenceOf, Exchanges, type Answers, type Owner } from './exchanges';
import { Leaks } from './leaks';
import type { Query } from './queries';
import type { IsolationReport, LeakKind } from './report';
import { missingIds, placeOfSame, type AnswerPair } from './same-object';
import { isRefusedElsewhere, refusingRoutes } from './private-objects';
import { distinctKeys, queriesWith } from './sent-ids';
import { seedByPosts, type IsolationSeed } from './seeding';
import { bodyOf, isNamed, type TestedRoute } from './tested-routes';

interface RunOptions {
  readonly callers: Readonly<Record<string, string>>;
  readonly seed?: IsolationSeed;
  readonly shared?: readonly string[];
  readonly ignore?: readonly string[];
}

/** A request of one caller that is aimed at the object of another. */
interface Attack {
  readonly route: TestedRoute;
  readonly query: Query;
  readonly observer: Owner;
  readonly target: Owner;
  /** The target, perhaps with some of the observer's own parameters. */
  readonly aimed: Owner;
  readonly text: string;
  /** An id of the target to be sent beside the path. */
  readonly id?: string;
}

const incomparable =
  'its text, and the number of words in it, change with each request, so that a count in it is not seen';

const order = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];

export class IsolationRun {
  readonly #routes: readonly TestedRoute[];
  readonly #leaks: Leaks;
  readonly #coverage = new Coverage();
  readonly #exchanges: Exchanges;
  readonly #owners = new Map<string, Owner>();
  readonly #sentBy = new Map<string, Set<string>>();

  constructor(
    servers: readonly AxiomsServer[],
    private readonly all: readonly TestedRoute[],
    private readonly options: RunOptions,
    send: Send,
  ) {
    this.#routes = all
      .filter(route => !isNamed(route, options.ignore ?? []))
      .toSorted((one, other) => order.indexOf(one.method) - order.indexOf(other.method));
    this.#leaks = new Leaks(servers, options.shared ?? []);
    this.#exchanges = new Exchanges(this.#routes, this.#coverage, send);
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
    const untested = this.#routes.flatMap(route => {
      const reason = this.#coverage.reasonOf(route);
      const isExcused = this.#coverage.hasExercised(route) && isNamed(route, this.options.shared ?? []);
      return reason === undefined || isExcused ? [] : [{ route: route.name, reason }];
    });
    const notExercised = new Set([...ignored, ...untested].map(one => ('name' in one ? one.name : one.route)));
    const names = this.all.map(({ name }) => name);
    return {
      routes: names,
      exercised: names.filter(name => !notExercised.has(name)),
      ignored: ignored.map(({ name }) => name),
      leaks: this.#leaks.found,
      untested,
    };
  }

  /** All texts that were sent, answered or returned as objects were created for the caller. */
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
      for (const { answer } of (await this.#exchanges.read(earlier)).values())
        for (const text of textsOf(answer)) known.add(text);
    const sent: string[] = [caller.canary];
    const statuses: number[] = [];
    let canaries = 0;
    const values = await (this.options.seed ?? seedByPosts(this.#routes))(caller, async (method, path, body) => {
      sent.push(...textsIn(body));
      if (JSON.stringify(body ?? '').includes(caller.canary)) canaries++;
      const answer = await this.#exchanges.send(token, method, path, body);
      statuses.push(answer.status);
      if (answer.status < 400) sent.push(...textsOf(answer));
      return responseOf(answer);
    });
    this.#requireSeeded(name, statuses);
    const given = [...sent, ...Object.values(values).flatMap(textsIn)];
    for (const text of given) this.#everSent(name).add(text);
    const own = given.filter(text => !known.has(text));
    const owner: Owner = { ...caller, values, isSentOnce: canaries === 1, sent: own, texts: own };
    const answers = [...(await this.#exchanges.read(owner)).values()].map(({ answer }) => answer);
    const read = answers.filter(({ status }) => status < 400).flatMap(textsOf);
    const seeded = { ...owner, texts: [...new Set([...own, ...read.filter(text => !known.has(text))])] };
    this.#owners.set(name, seeded);
    return seeded;
  }

  // Without an object there is nothing to leak, and everything would seem isolated.
  #requireSeeded(name: string, statuses: readonly number[]): void {
    const isSeeded = this.options.seed !== undefined && statuses.length === 0;
    if (isSeeded || statuses.some(status => status < 400)) return;
    const fix = statuses.includes(429)
      ? 'turn throttles off in this test'
      : 'give expectIsolation() a seed that creates one';
    throw new RangeError(`No object could be created for ${name} (${statuses.join(', ') || 'no POST route'}): ${fix}.`);
  }

  async #compare(observerName: string, ownerName: string): Promise<void> {
    const observer = this.#owners.get(observerName) as Owner;
    const first = await this.#exchanges.read(observer);
    const second = await this.#exchanges.read(observer);
    await this.#noteShown(second, observer, this.#owners.get(ownerName) as Owner);
    const owner = await this.#seed(ownerName);
    const now = await this.#exchanges.read(observer);
    const texts = this.#ownTexts(owner, observer, second);
    const refusing = await refusingRoutes(this.#exchanges, this.#routes, observer, owner);
    for (const [query, { route, answer }] of now) {
      const [one, two] = [first.get(query), second.get(query)];
      const shown = placeOfTexts(answer, texts);
      if (shown !== undefined) {
        const isRefused = isRefusedElsewhere(route, answer, refusing, owner);
        const path = this.#exchanges.pathOf(route, observer);
        await this.#leaks.note({ route, kind: 'shows', observer, owner, where: shown, path, isRefused });
      } else if (one !== undefined && two !== undefined) {
        const answers = [one.answer, two.answer, answer] as const;
        if (!isComparable(answers)) this.#coverage.explainPart(route, incomparable);
        const changed = changeBetween(...answers);
        if (changed !== undefined)
          await this.#note(route, 'depends on', observer, owner, changed, this.#exchanges.pathOf(route, observer));
      }
    }
    await this.#search(
      this.#routes.filter(({ reads }) => reads),
      observer,
      owner,
      texts,
    );
    await this.#attack(observer, owner, texts);
    const current = this.#owners.get(ownerName) as Owner;
    // An answer may repeat the id that was sent.
    const ids = [...Object.values(owner.values), ...Object.values(current.values)];
    await this.#aim(
      observer,
      current,
      texts.filter(text => !ids.includes(text)),
    );
    // What creates has the owner's text now, so that it comes last.
    const others = this.#routes.filter(
      route => !route.reads && route.parameters.length === 0 && bodyOf(route, '') !== undefined,
    );
    const latest = this.#owners.get(ownerName) as Owner;
    await this.#search(others, observer, latest, [latest.canary]);
  }

  /** Finds the object that the other caller has had since before, which a cache may have kept. */
  async #noteShown(answers: Answers, observer: Owner, owner: Owner): Promise<void> {
    const texts = this.#onlyOf(owner, observer);
    for (const { route, answer } of answers.values()) {
      const shown = placeOfTexts(answer, texts);
      if (shown !== undefined)
        await this.#note(route, 'shows', observer, owner, shown, this.#exchanges.pathOf(route, observer));
    }
  }

  /** The texts of the owner's object that no object of the observer has. */
  #onlyOf(owner: Owner, observer: Owner): readonly string[] {
    return owner.sent.filter(text => !this.#everSent(observer.name).has(text));
  }

  // What both callers see anyway says nothing, and neither does what the observer's own objects have.
  #ownTexts(owner: Owner, observer: Owner, seen: Answers): readonly string[] {
    const known = [...seen.values()]
      .map(({ answer: { body, headers } }) => `${JSON.stringify(headers)}${body}`)
      .join('\n');
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
    const searches = routes.flatMap(route =>
      route.queries.filter(query => takesText(route, query)).map(query => ({ route, query })),
    );
    for (const { route, query } of searches) {
      // Another one for each search: the text may be in an object afterwards.
      const other = newText('nobody');
      const ask = (text: string): Promise<LoopbackAnswer | undefined> =>
        this.#exchanges.ask(route, observer, observer, text, query);
      const [first, second, found] = [await ask(other), await ask(other), await ask(owner.canary)];
      if (first === undefined || second === undefined || found === undefined) continue;
      const neutral = withoutText(found, owner.canary, other);
      const [one, two] = [withoutText(first, other, other), withoutText(second, other, other)];
      const rest = texts.filter(text => text !== owner.canary);
      const place = placeOfTexts(neutral, rest) ?? changeBetween(one, two, neutral);
      if (place !== undefined)
        await this.#note(route, 'shows', observer, owner, place, this.#exchanges.pathOf(route, observer));
    }
  }

  /** Asks for the other caller's object by its own parameters, and tries to change it. */
  async #attack(observer: Owner, owner: Owner, texts: readonly string[]): Promise<void> {
    let target = owner;
    for (const route of this.#routes.filter(({ parameters, reads }) => parameters.length > 0 || !reads))
      for (const query of route.queries)
        for (const values of mixedValues(route, observer, target)) {
          const aimed = { ...target, values };
          const attack = { route, query, observer, target, aimed, text: newText('nobody') };
          if (this.#exchanges.pathOf(route, aimed) === undefined) continue;
          if (route.reads) await this.#askFor(attack, texts);
          else if (await this.#hasChanged(attack, texts)) target = await this.#seed(target.name);
        }
  }

  /** Sends the ids of the other caller's objects in the query, in header fields and in the body. */
  async #aim(observer: Owner, owner: Owner, texts: readonly string[]): Promise<void> {
    let target = owner;
    // A removal by the observer's own path removes their own object.
    for (const route of this.#routes.filter(({ method, parameters }) => method !== 'DELETE' || parameters.length === 0))
      for (const key of distinctKeys(owner.values, observer.values)) {
        const id = target.values[key] ?? '';
        for (const query of queriesWith(route, id)) {
          const attack = { route, query, observer, target, aimed: observer, text: newText('nobody'), id };
          if (route.reads) await this.#askFor(attack, texts);
          else if (await this.#hasChanged(attack, texts)) target = await this.#seed(target.name);
        }
      }
  }

  async #askFor(attack: Attack, texts: readonly string[]): Promise<void> {
    const { route, query, observer, target, aimed, text, id } = attack;
    const answer = await this.#exchanges.ask(route, observer, aimed, text, query, id);
    if (answer === undefined) return;
    const shown = placeOfTexts(answer, texts) ?? (await this.#placeOfSame(attack, answer));
    if (shown !== undefined)
      await this.#note(route, 'shows', observer, target, shown, this.#exchanges.pathOf(route, aimed));
  }

  /** Has the request changed the other caller's object? */
  async #hasChanged(attack: Attack, texts: readonly string[]): Promise<boolean> {
    const { route, observer, target, aimed } = attack;
    const lists = await this.#listsFor(attack);
    const words = this.#onlyOf(target, observer);
    const view = (): Promise<Answers> => this.#exchanges.view(target, lists, words);
    const [first, second] = [await view(), await view()];
    await this.#askFor(attack, texts);
    const changed = differenceOf(first, second, await view());
    if (changed === undefined) return false;
    await this.#note(route, 'changes', observer, target, changed, this.#exchanges.pathOf(route, aimed));
    return true;
  }

  // What the observer creates may push an object off a page that both see.
  async #listsFor({ route, observer, target }: Attack): Promise<readonly TestedRoute[]> {
    const lists = this.#exchanges.lists.filter(list => !isNamed(list, this.options.shared ?? []));
    if (route.method !== 'POST') return lists;
    const words = this.#onlyOf(target, observer);
    const own: TestedRoute[] = [];
    for (const list of lists) {
      const answer = await this.#exchanges.ask(list, observer, observer, observer.canary);
      if (answer !== undefined && placeOfTexts(answer, words) === undefined) own.push(list);
    }
    return own;
  }

  /** An answer without any telling text shows the object, too, if it is the owner's own answer, and that of no other id. */
  async #placeOfSame(attack: Attack, answer: LoopbackAnswer): Promise<string | undefined> {
    const { route, observer, target, aimed } = attack;
    if (!route.reads || answer.status >= 400 || aimed.values !== target.values) return undefined;
    const own = await this.#askTwice(attack, target, target);
    const missing = await this.#askTwice(attack, observer, { ...target, values: missingIds(target.values) });
    const mine = await this.#exchanges.ask(route, observer, observer, attack.text, attack.query);
    if (own === undefined || missing === undefined || own[1].status >= 400) return undefined;
    return placeOfSame(answer, { own, missing, mine }, target.values);
  }

  async #askTwice({ route, query, text }: Attack, sender: Owner, target: Owner): Promise<AnswerPair | undefined> {
    const first = await this.#exchanges.ask(route, sender, target, text, query);
    const second = await this.#exchanges.ask(route, sender, target, text, query);
    return first && second && [first, second];
  }

  /** Sends what changes something to the caller's own object: a route that refuses everybody was not tested. */
  async #exerciseOwn(name: string): Promise<void> {
    for (const route of this.#routes.filter(one => !one.reads && !this.#coverage.hasExercised(one))) {
      let owner = this.#owners.get(name) as Owner;
      let answer = await this.#exchanges.ask(route, owner, owner, owner.canary);
      if (answer?.status === 404) {
        owner = await this.#seed(name);
        answer = await this.#exchanges.ask(route, owner, owner, owner.canary);
      }
      if (answer !== undefined) this.#coverage.judge(route, route.queries[0], answer.status);
    }
  }

  #note(
    route: TestedRoute,
    kind: LeakKind,
    observer: Owner,
    owner: Owner,
    where: string,
    path: string | undefined,
  ): Promise<void> {
    return this.#leaks.note({ route, kind, observer, owner, where, path });
  }
}

/** Has the request a parameter, or a body, that takes this text? */
function takesText(route: TestedRoute, query: Query): boolean {
  const takesBody = query === route.queries[0] && bodyOf(route, '') !== undefined;
  return takesBody || query.fill('one', {}) !== query.fill('other', {});
}
