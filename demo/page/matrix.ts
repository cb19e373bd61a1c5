/** The access matrix: every route and every caller. Before a call a cell shows what the rules foresee, and then the answer. */
import { outcomeOf, type Answer } from './answer.js';
import { avatar } from './caller-bar.js';
import type { Callers } from './callers.js';
import { nameOf, type CallerId, type CallerInfo, type Route, type Verdict } from './demo-data.js';
import { button, byId, element, unseen } from './element.js';
import { moveWithKeys } from './grid-keys.js';

export interface Choices {
  select(route: Route): void;
  call(route: Route, caller: CallerId): void;
}

const verdicts: Readonly<Record<Verdict, readonly [mark: string, words: string]>> = {
  allows: ['✓', 'allowed'],
  refuses: ['✕', 'refused'],
  depends: ['◐', 'depends on the object'],
};

export class Matrix {
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #answers = new Map<string, Answer>();
  readonly #table = byId('matrix', HTMLTableElement);

  constructor(
    private readonly routes: readonly Route[],
    private readonly callers: Callers,
    private readonly choices: Choices,
  ) {
    moveWithKeys(this.#table);
  }

  show(): void {
    const resources = [...new Set(this.routes.map(resourceOf))];
    const bodies = resources.map(resource => this.#group(this.routes.filter(route => resourceOf(route) === resource)));
    this.#table.replaceChildren(this.#head(), ...bodies);
    this.#table.querySelector('tbody button')?.setAttribute('tabindex', '0');
    this.showCaller();
  }

  /** Shows that the user of the API is another one. */
  showUser(): void {
    const { name } = this.callers.info('user');
    const head = this.#table.querySelector('thead [data-column="user"]');
    head?.replaceChildren(avatar(name), element('span', {}, name));
    this.forget('user');
  }

  /** Marks the column of the current caller. */
  showCaller(): void {
    for (const cell of this.#table.querySelectorAll('[data-column]'))
      cell.toggleAttribute('data-current', cell.getAttribute('data-column') === this.callers.current.id);
  }

  showSelected(selected: Route): void {
    for (const [name, row] of this.#rows) row.toggleAttribute('data-selected', name === nameOf(selected));
    reveal(this.#rows.get(nameOf(selected)));
  }

  showPending(route: Route, caller: CallerId): void {
    this.#cell(route, caller)?.setAttribute('data-pending', '');
  }

  showAnswer(route: Route, caller: CallerId, answer: Answer | undefined): void {
    if (answer !== undefined) this.#answers.set(keyOf(route, caller), answer);
    this.#refresh(route, caller);
  }

  /** Forgets the answers that a caller got, such as before another token. */
  forget(caller: CallerId): void {
    for (const route of this.routes) {
      this.#answers.delete(keyOf(route, caller));
      this.#refresh(route, caller);
    }
  }

  /** Shows the rows that have every word of the filter. Returns how many there are. */
  filter(text: string): number {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = this.routes.filter(route => {
      const described = `${nameOf(route)} ${route.rule} ${route.handler}`.toLowerCase();
      const isShown = words.every(word => described.includes(word));
      this.#rows.get(nameOf(route))!.hidden = !isShown;
      return isShown;
    });
    this.#keepReachable();
    return shown.length;
  }

  // The one cell that Tab reaches must not be a hidden one.
  #keepReachable(): void {
    const visible = [...this.#table.querySelectorAll<HTMLElement>('tbody tr:not([hidden]) button')];
    if (visible.some(one => one.tabIndex === 0)) return;
    for (const one of this.#table.querySelectorAll<HTMLElement>('tbody button')) one.tabIndex = -1;
    if (visible[0] !== undefined) visible[0].tabIndex = 0;
  }

  #head(): HTMLElement {
    const heads = this.callers.all.map(({ id, name }) =>
      element('th', { scope: 'col', 'data-column': id }, avatar(name), element('span', {}, name)),
    );
    return element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'Route'), ...heads));
  }

  #group(routes: readonly Route[]): HTMLElement {
    return element('tbody', {}, ...routes.map(route => this.#row(route)));
  }

  #row(route: Route): HTMLElement {
    const name = nameOf(route);
    const title = button(
      { tabindex: '-1', class: 'route', 'aria-label': name },
      () => {
        this.choices.select(route);
      },
      method(route.method),
      element('code', {}, route.path),
    );
    const head = element('th', { scope: 'row' }, title, element('span', { class: 'rule' }, route.rule));
    const cells = this.callers.all.map(info => this.#newCell(route, info));
    const made = element('tr', { 'data-route': name }, head, ...cells);
    this.#rows.set(name, made);
    return made;
  }

  #newCell(route: Route, { id }: CallerInfo): HTMLElement {
    const control = button({ tabindex: '-1', class: 'cell' }, () => {
      this.choices.call(route, id);
    });
    const made = element('td', { 'data-column': id }, control);
    this.#fill(control, route, id);
    return made;
  }

  #refresh(route: Route, caller: CallerId): void {
    const control = this.#cell(route, caller)?.querySelector('button');
    if (control) this.#fill(control, route, caller);
  }

  #fill(control: HTMLButtonElement, route: Route, caller: CallerId): void {
    control.parentElement?.removeAttribute('data-pending');
    const subject = unseen(`${nameOf(route)} as ${this.callers.info(caller).name}: `);
    const answer = this.#answers.get(keyOf(route, caller));
    const verdict = route.foreseen[this.callers.foreseenAs(caller)] ?? 'depends';
    const [mark, words] = verdicts[verdict];
    control.setAttribute('data-verdict', verdict);
    if (answer === undefined) {
      control.removeAttribute('data-outcome');
      control.replaceChildren(subject, element('span', { 'aria-hidden': 'true' }, mark), unseen(words));
      return;
    }
    control.setAttribute('data-outcome', outcomeOf(answer));
    control.replaceChildren(subject, String(answer.status), unseen(` ${answer.reason}`));
  }

  #cell(route: Route, caller: CallerId): Element | null | undefined {
    return this.#rows.get(nameOf(route))?.querySelector(`[data-column="${caller}"]`);
  }
}

/** Scrolls the box around the table, and not the page. */
function reveal(row: HTMLTableRowElement | undefined): void {
  const box = byId('matrix-box');
  const head = box.querySelector('thead')?.clientHeight ?? 0;
  if (row === undefined || row.hidden) return;
  const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight - box.clientHeight];
  box.scrollTop = Math.min(Math.max(box.scrollTop, bottom), top);
}

export function method(name: string): HTMLElement {
  return element('span', { class: 'method', 'data-method': name }, name);
}

function resourceOf({ path }: Route): string {
  return path.split('/')[1] ?? '';
}

function keyOf(route: Route, caller: CallerId): string {
  return `${nameOf(route)} ${caller}`;
}
