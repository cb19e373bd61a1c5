/** The API's routes, each with a button that calls it. */
import { badge, read, shown } from './answer.js';
import { element } from './element.js';
import { inWords } from './words.js';

/**
 * @typedef {{ method: string, path: string, handler: string, authentication: string[] | null, insisting: string[],
 *   rules: (import('./words.js').Requirement | null)[] | null, filter?: import('./words.js').Requirement,
 *   body?: object }} Route
 * @typedef {Record<string, { id: number, name: string }[]>} Examples
 * @typedef {(path: string, init: RequestInit) => Promise<Response>} Send
 */

/** One route: what it asks for, and the latest answer. */
export class RouteView {
  /** @type {HTMLSelectElement | undefined} */
  #choice;
  #latest = element('span', { class: 'latest' });
  #answer = element('div', { class: 'answer', hidden: '' });
  #calls = 0;

  /**
   * @param {Route} route
   * @param {() => void} call
   */
  constructor(route, call) {
    this.route = route;
    this.element = this.#build(call);
  }

  get name() {
    return `${this.route.method} ${this.route.path}`;
  }

  get resource() {
    return this.route.path.split('/')[1] ?? '';
  }

  /** @param {Examples} examples of what there is to ask for by id */
  offer(examples) {
    const things = [...(examples[this.resource] ?? []), { id: 0, name: 'one that is not there' }];
    const chosen = this.#choice?.selectedIndex ?? 0;
    const options = things.map(({ id, name }) => element('option', { value: String(id) }, `${name} (${id})`));
    this.#choice?.replaceChildren(...options);
    if (this.#choice) this.#choice.selectedIndex = Math.max(chosen, 0);
  }

  /**
   * Asks, and shows the answer, unless it was asked again or cleared meanwhile.
   *
   * @param {Send} send
   */
  async call(send) {
    const call = ++this.#calls;
    const { method, body } = this.route;
    const headers = { 'content-type': 'application/json' };
    const path = this.route.path.replace(/:\w+/, this.#choice?.value ?? '');
    const response = await send(path.slice(1), body ? { method, headers, body: JSON.stringify(body) } : { method });
    const answer = await read(response);
    if (call === this.#calls) this.#show(answer);
    return answer;
  }

  clear() {
    this.#calls++;
    this.#latest.replaceChildren();
    this.#answer.replaceChildren();
    this.#answer.hidden = true;
  }

  /** @param {import('./answer.js').Answer} answer */
  #show(answer) {
    this.#latest.replaceChildren(badge(answer.status));
    this.#answer.replaceChildren(shown(answer, this.route));
    this.#answer.hidden = false;
  }

  /** @param {() => void} call */
  #build(call) {
    const { method, path } = this.route;
    const button = element('button', { type: 'button', 'aria-label': `Call ${this.name}` }, 'Call');
    button.addEventListener('click', call);
    const verb = element('span', { class: 'method', 'data-method': method }, method);
    const title = element('h4', {}, verb, ' ', element('code', {}, path));
    const request = element('div', { class: 'request' }, title, ...this.#choices(), this.#latest, button);
    const rule = element('p', { class: 'rule' }, ...rulesInWords(this.route));
    return element('li', { class: 'card', 'data-route': this.name }, request, rule, this.#answer);
  }

  #choices() {
    if (!this.route.path.includes(':')) return [];
    this.#choice = element('select', { 'aria-label': `Which one, for ${this.name}` });
    return [this.#choice];
  }
}

/** @param {Route} route */
function rulesInWords({ rules, handler, insisting, filter }) {
  const needed = rules === null ? 'what is decided per request' : rules.map(inWords).join('; and ');
  const token = insisting.length > 0 ? [element('br'), `${insisting.join(', ')}: a valid token, whatever else.`] : [];
  const listed = filter ? [element('br'), `The list has only what is for ${inWords(filter)}.`] : [];
  return [element('code', {}, handler), ` is for ${needed}.`, ...listed, ...token];
}

/**
 * By resource, in the order of the server.
 *
 * @param {RouteView[]} views
 */
export function inGroups(views) {
  const resources = [...new Set(views.map(({ resource }) => resource))];
  return resources.map(resource => {
    const items = views.filter(view => view.resource === resource).map(view => view.element);
    return element('div', { class: 'group' }, element('h3', {}, `/${resource}`), element('ul', {}, ...items));
  });
}
