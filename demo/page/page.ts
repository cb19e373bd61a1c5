/** The demo's page: wires its parts together. */
import { requestOf, send, type ApiRequest } from './api-request.js';
import { Binding } from './binding.js';
import { CallerBar } from './caller-bar.js';
import { Callers } from './callers.js';
import { loadDemo, loadExamples, nameOf, type CallerId, type Demo, type Route } from './demo-data.js';
import { Detail, type Exchange } from './detail.js';
import { byId, element } from './element.js';
import { Matrix } from './matrix.js';
import { Notes } from './notes.js';
import { offerSession, showSession } from './session-card.js';
import { Session, SessionEnded } from './session.js';
import { tokenView } from './token-view.js';

class Page {
  readonly #callers: Callers;
  readonly #bar: CallerBar;
  readonly #matrix: Matrix;
  readonly #detail: Detail;
  readonly #notes: Notes;
  readonly #binding: Binding;
  /** The latest exchange of each caller, by the name of its route. */
  readonly #exchanges: Record<CallerId, Map<string, Exchange>> = {
    anonymous: new Map(),
    bob: new Map(),
    alice: new Map(),
    machine: new Map(),
    user: new Map(),
  };

  constructor(private readonly demo: Demo) {
    this.#callers = new Callers(demo);
    this.#bar = new CallerBar(this.#callers, id => {
      this.#attempt('callers-problem', () => this.#pick(id));
    });
    this.#matrix = new Matrix(demo.routes, this.#callers, {
      select: route => {
        this.#select(route);
      },
      call: (route, id) => {
        this.#attempt('callers-problem', () => this.#callAs(route, id));
      },
    });
    this.#detail = new Detail(this.#callers, {
      call: route => {
        this.#attempt('callers-problem', () => this.#callAs(route, this.#callers.current.id));
      },
      next: route => this.#nextRequest(route),
    });
    this.#notes = new Notes(demo.api, this.#callers);
    this.#binding = new Binding(demo.api, this.#callers);
  }

  async start(): Promise<void> {
    await this.#loadExamples();
    this.#offerControls();
    this.#matrix.show();
    this.#filter();
    this.#select(this.demo.routes[0]!);
    this.#showCaller();
    const session = await Session.resume();
    if (session !== undefined) this.#enter(session);
  }

  #offerControls(): void {
    const everyone = this.#callers.all.map(({ id }) => id);
    this.#on('call-all', 'callers-problem', () => this.#callAll([this.#callers.current.id]));
    this.#on('call-everyone', 'callers-problem', () => this.#callAll(everyone));
    this.#on('compare', 'notes-problem', () => this.#notes.compare());
    this.#on('try-binding', 'binding-problem', () => this.#binding.run());
    byId('bound').addEventListener('change', () => {
      this.#attempt('callers-problem', () => this.#bind());
    });
    this.#offerFilter();
    this.#offerSession();
  }

  #offerFilter(): void {
    byId('filter').addEventListener('input', () => {
      this.#filter();
    });
    byId('clear-filter').addEventListener('click', () => {
      byId('filter', HTMLInputElement).value = '';
      this.#filter();
    });
  }

  #offerSession(): void {
    const attempt = (action: () => Promise<void>): void => {
      this.#attempt('session-problem', action);
    };
    offerSession(this.demo, {
      signIn: (username, password) => {
        attempt(async () => {
          this.#enter(await Session.signIn(username, password));
        });
      },
      refresh: () => {
        attempt(() => this.#refresh());
      },
      logOff: everywhere => {
        attempt(() => this.#logOff(everywhere));
      },
    });
  }

  /** @param place where an error of the action is shown */
  #on(button: string, place: string, action: () => Promise<void>): void {
    byId(button).addEventListener('click', () => {
      this.#attempt(place, action);
    });
  }

  #filter(): void {
    const shown = this.#matrix.filter(byId('filter', HTMLInputElement).value);
    byId('matrix-box').hidden = shown === 0;
    byId('no-routes').hidden = shown > 0;
    const all = this.demo.routes.length;
    byId('count').textContent = shown === all ? `${all} routes` : `${shown} of ${all} routes`;
  }

  #select(route: Route): void {
    this.#detail.show(route, this.#exchanges[this.#callers.current.id].get(nameOf(route)));
    this.#matrix.showSelected(route);
  }

  /** A second click on the same person signs in again. */
  async #pick(id: CallerId): Promise<void> {
    if (id === this.#callers.current.id && id !== 'user') {
      this.#callers.forget(id);
      this.#forget(id);
    }
    await this.#become(id);
  }

  async #become(id: CallerId): Promise<void> {
    this.#callers.cancel();
    this.#bar.show(this.#callers.known(id) === undefined ? id : undefined);
    try {
      await this.#callers.obtain(id);
      this.#callers.current = this.#callers.info(id);
    } finally {
      this.#showCaller();
    }
  }

  /** People get another token: one that is bound to a key, or one that is not. */
  async #bind(): Promise<void> {
    this.#callers.isBound = byId('bound', HTMLInputElement).checked;
    for (const { id, kind } of this.#callers.all) if (kind === 'person') this.#forget(id);
    await this.#become(this.#callers.current.id).catch((error: unknown) => {
      this.#callers.current = this.#callers.info('anonymous');
      this.#showCaller();
      throw error;
    });
  }

  #showCaller(): void {
    const { id, name } = this.#callers.current;
    this.#bar.show();
    this.#matrix.showCaller();
    showSession(this.#callers.session);
    this.#showToken();
    if (this.#detail.route !== undefined) this.#select(this.#detail.route);
    say(id === 'anonymous' ? 'Requests carry no token.' : `You call as ${name}.`);
  }

  #showToken(): void {
    const { token } = this.#callers.known(this.#callers.current.id) ?? {};
    byId('no-token').hidden = token !== undefined;
    byId('token').hidden = token === undefined;
    byId('token').replaceChildren(...(token === undefined ? [] : tokenView(token)));
  }

  async #callAs(route: Route, id: CallerId): Promise<void> {
    if (id !== this.#callers.current.id || this.#callers.known(id) === undefined) await this.#become(id);
    this.#select(route);
    await this.#call(route, id);
    if (matchMedia('(max-width: 60rem)').matches) byId('detail').scrollIntoView({ block: 'start' });
  }

  async #call(route: Route, id: CallerId): Promise<void> {
    const caller = this.#callers.info(id);
    this.#keep(route, { caller });
    this.#matrix.showPending(route, id);
    try {
      const request = await this.#requestTo(route, id);
      const answer = await send(request);
      this.#keep(route, { caller, request, answer });
      this.#matrix.showAnswer(route, id, answer);
      say(`${nameOf(route)} as ${caller.name}: ${answer.status} ${answer.reason}`);
      if (route.method === 'DELETE' && answer.status < 300) await this.#loadExamples();
    } catch (error) {
      this.#matrix.showAnswer(route, id, undefined);
      if (error instanceof SessionEnded) throw error;
      this.#keep(route, { caller, problem: messageOf(error) });
    }
  }

  #keep(route: Route, exchange: Exchange): void {
    const { id } = exchange.caller;
    this.#exchanges[id].set(nameOf(route), exchange);
    if (this.#detail.route === route && this.#callers.current.id === id) this.#detail.show(route, exchange);
  }

  /** Forgets the answers to a caller who gets another token. */
  #forget(id: CallerId): void {
    this.#exchanges[id].clear();
    this.#matrix.forget(id);
  }

  async #requestTo(route: Route, id: CallerId): Promise<ApiRequest> {
    const before = this.#callers.session?.accessToken;
    const credentials = await this.#callers.obtain(id);
    if (id === 'user' && credentials.token !== before) this.#showToken();
    const { method, body } = route;
    return requestOf({ api: this.demo.api, method, path: this.#detail.pathOf(route), body }, credentials);
  }

  async #nextRequest(route: Route): Promise<ApiRequest | undefined> {
    const { id } = this.#callers.current;
    return this.#callers.known(id) === undefined ? undefined : this.#requestTo(route, id);
  }

  async #callAll(ids: readonly CallerId[]): Promise<void> {
    await this.#callers.obtainAll(ids);
    this.#bar.show();
    this.#showToken();
    showSession(this.#callers.session);
    for (const id of ids) for (const route of this.demo.routes) await this.#call(route, id);
    const names = ids.map(id => this.#callers.info(id).name).join(', ');
    say(`${this.demo.routes.length} routes called as ${names}.`);
    if (this.#detail.route !== undefined) this.#select(this.#detail.route);
  }

  /** Makes objects again that were deleted. */
  async #loadExamples(): Promise<void> {
    this.#detail.offer(await loadExamples());
  }

  #enter(session: Session): void {
    this.#callers.session = session;
    this.#callers.current = this.#callers.info('user');
    this.#exchanges.user.clear();
    this.#matrix.showUser();
    this.#showCaller();
  }

  #leave(): void {
    this.#callers.session = undefined;
    this.#exchanges.user.clear();
    this.#matrix.showUser();
    this.#showCaller();
  }

  async #refresh(): Promise<void> {
    await this.#callers.session?.refresh();
    showSession(this.#callers.session);
    this.#showToken();
    say('The access token is a new one.');
  }

  async #logOff(everywhere: boolean): Promise<void> {
    await this.#callers.session?.logOff(everywhere);
    this.#leave();
    say(everywhere ? 'You are logged off everywhere.' : 'You are logged off.');
  }

  /** Shows an error where it happened. */
  #attempt(place: string, action: () => Promise<void>): void {
    byId(place).replaceChildren();
    action().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (error instanceof SessionEnded) this.#leave();
      byId(error instanceof SessionEnded ? 'session-problem' : place).replaceChildren(problem(messageOf(error)));
    });
  }
}

function say(text: string): void {
  byId('said').textContent = text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function problem(text: string): HTMLElement {
  return element('p', { class: 'problem', role: 'alert' }, text);
}

async function start(): Promise<void> {
  try {
    const page = new Page(await loadDemo());
    await page.start();
    for (const part of document.querySelectorAll('[inert]')) part.removeAttribute('inert');
    document.body.removeAttribute('data-loading');
  } catch (error) {
    byId('start-problem').hidden = false;
    byId('start-problem-text').textContent = messageOf(error);
    document.body.setAttribute('data-loading', 'failed');
  }
}

byId('reload').addEventListener('click', () => {
  location.reload();
});
void start();
