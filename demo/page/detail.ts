/** One route: who may call it, the request, the answer, and why. */
import { outcomeOf, type Answer } from './answer.js';
import { curlOf, shortened, type ApiRequest } from './api-request.js';
import type { Callers } from './callers.js';
import { copyButton } from './copy-button.js';
import { decisionView } from './decision.js';
import type { CallerInfo, Examples, Route } from './demo-data.js';
import { button, byId, codeBox, element, row, type Child } from './element.js';
import { method } from './matrix.js';
import { inWords } from './words.js';

/** The latest call of the route that is shown. */
export interface Exchange {
  readonly caller: CallerInfo;
  readonly request?: ApiRequest;
  readonly answer?: Answer;
  /** Why there is no answer. */
  readonly problem?: string;
}

export interface DetailChoices {
  call(route: Route): void;
  /** Makes the request that a call would send now; `undefined` if the caller must sign in first. */
  next(route: Route): Promise<ApiRequest | undefined>;
}

export class Detail {
  #route: Route | undefined;
  #examples: Examples = {};
  /** The chosen object of each resource. */
  readonly #chosen = new Map<string, string>();
  #countdown = 0;

  constructor(
    private readonly callers: Callers,
    private readonly choices: DetailChoices,
  ) {}

  get route(): Route | undefined {
    return this.#route;
  }

  /** The examples that `:id` can stand for. */
  offer(examples: Examples): void {
    this.#examples = examples;
  }

  pathOf({ path }: Route): string {
    const resource = path.split('/')[1] ?? '';
    const ids = (this.#examples[resource] ?? []).map(({ id }) => String(id));
    const chosen = this.#chosen.get(resource);
    return path.replace(/:\w+/, chosen === '0' || ids.includes(chosen ?? '') ? chosen! : (ids[0] ?? '0'));
  }

  show(route: Route, exchange?: Exchange): void {
    clearInterval(this.#countdown);
    this.#route = route;
    byId('detail').replaceChildren(this.#head(route), this.#controls(route), ...this.#state(route, exchange));
  }

  #head(route: Route): HTMLElement {
    const title = element('h3', {}, method(route.method), ' ', element('code', {}, route.path));
    const permissions = route.permissions?.map(name => element('span', { class: 'chip' }, name)) ?? [];
    return element(
      'header',
      { class: 'detail-head' },
      title,
      element(
        'dl',
        { class: 'facts' },
        row('Who may', element('strong', { class: 'rule-text' }, ruleOf(route))),
        ...(route.filter ? [row('Each item', element('strong', {}, inWords(route.filter, route.method)))] : []),
        row('Handler', element('code', {}, route.handler)),
        row('Permissions', ...permissions.flatMap(chip => [chip, ' '])),
      ),
    );
  }

  #controls(route: Route): HTMLElement {
    const label = ['Call as ', element('strong', {}, this.callers.current.name)];
    const call = button(
      { class: 'primary', id: 'call' },
      () => {
        this.choices.call(route);
      },
      ...label,
    );
    return element('div', { class: 'controls' }, ...this.#objects(route), call);
  }

  #objects(route: Route): readonly HTMLElement[] {
    if (!route.path.includes(':')) return [];
    const resource = route.path.split('/')[1] ?? '';
    const things = [...(this.#examples[resource] ?? []), { id: 0, name: 'one that does not exist' }];
    const options = things.map(({ id, name }) => element('option', { value: String(id) }, `${name} (${id})`));
    const choice = element('select', {}, ...options);
    choice.value = this.pathOf(route).split('/')[2] ?? '';
    choice.addEventListener('change', () => this.#chosen.set(resource, choice.value));
    return [element('label', {}, 'Object ', choice)];
  }

  #state(route: Route, exchange: Exchange | undefined): readonly HTMLElement[] {
    if (exchange === undefined) return [this.#empty(route), this.#preview(route)];
    const { caller, request, answer, problem } = exchange;
    if (problem !== undefined) return [this.#problem(route, problem)];
    if (answer === undefined) return [loading(`Calling as ${caller.name}…`)];
    return [
      this.#banner(answer, caller),
      part('Decision', decisionView(route, answer)),
      ...(request === undefined ? [] : [this.#request(route, request)]),
      part('Answer', ...answerParts(answer)),
    ];
  }

  #empty(route: Route): HTMLElement {
    const verdict = route.foreseen[this.callers.foreseenAs(this.callers.current.id)];
    const foreseen = {
      allows: 'the rules allow this call',
      refuses: 'the rules refuse this call',
      depends: 'it depends on the object',
    }[verdict ?? 'depends'];
    const text = `Not called yet. For ${this.callers.current.name}, ${foreseen}.`;
    return element('p', { class: 'empty', 'data-verdict': verdict ?? 'depends' }, text);
  }

  #preview(route: Route): HTMLElement {
    const place = element('div', {});
    const show = async (): Promise<void> => {
      const request = await this.choices.next(route);
      if (request !== undefined) place.replaceChildren(this.#request(route, request));
    };
    // What is wrong with the caller is said when they call.
    show().catch(() => undefined);
    return place;
  }

  #problem(route: Route, problem: string): HTMLElement {
    const again = button(
      {},
      () => {
        this.choices.call(route);
      },
      'Try again',
    );
    return element('div', { class: 'problem', role: 'alert' }, element('p', {}, problem), again);
  }

  #banner(answer: Answer, { name }: CallerInfo): HTMLElement {
    const outcome = outcomeOf(answer);
    const status = element('strong', { class: 'status' }, `${answer.status} ${answer.reason}`);
    const text = element('span', {}, `as ${name}${answer.error === undefined ? '' : `: ${answer.error}`}`);
    const wait = answer.retryAfter === undefined ? [] : [this.#wait(answer.retryAfter)];
    return element('p', { class: 'banner', 'data-outcome': outcome }, status, ' ', text, ...wait);
  }

  /** Counts down the seconds until the next try. */
  #wait(seconds: number): HTMLElement {
    const end = Date.now() + seconds * 1000;
    const text = element('span', { class: 'wait' }, `Again in ${seconds} s`);
    this.#countdown = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1000);
      text.textContent = left > 0 ? `Again in ${left} s` : 'Now again';
      if (left <= 0) clearInterval(this.#countdown);
    }, 1000);
    return text;
  }

  #request(route: Route, request: ApiRequest): HTMLElement {
    // A proof is good for one request, so that the copy has another one.
    const copy = copyButton('curl', async () => curlOf((await this.choices.next(route)) ?? request));
    const head = element('div', { class: 'part-head' }, element('h4', {}, 'Request'), copy);
    const box = codeBox('The request as curl', shortened(curlOf(request)));
    return element('section', { class: 'part' }, head, box);
  }
}

// The filter has a line of its own.
function ruleOf({ rule, filter }: Route): string {
  return filter === undefined ? rule : (rule.split('; each object of the list')[0] ?? rule);
}

function part(title: string, ...content: readonly Child[]): HTMLElement {
  return element('section', { class: 'part' }, element('h4', {}, title), ...content);
}

function answerParts({ challenges, retryAfter, contentType, body }: Answer): readonly Child[] {
  const lines = [
    ...challenges.map(challenge => row('WWW-Authenticate', element('code', {}, challenge))),
    ...(retryAfter === undefined ? [] : [row('Retry-After', element('code', {}, String(retryAfter)))]),
    ...(contentType === undefined ? [] : [row('Content-Type', element('code', {}, contentType))]),
  ];
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const shown = text === '' ? element('p', { class: 'quiet' }, 'No body.') : codeBox('The body of the answer', text);
  return [element('dl', { class: 'headers' }, ...lines), shown];
}

export function loading(text: string): HTMLElement {
  return element('p', { class: 'loading' }, element('span', { class: 'spinner', 'aria-hidden': 'true' }), text);
}
