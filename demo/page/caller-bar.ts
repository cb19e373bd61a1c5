/** The callers to pick from, each one click away. */
import type { Callers } from './callers.js';
import type { CallerId, CallerInfo } from './demo-data.js';
import { button, byId, element } from './element.js';

export class CallerBar {
  /** The caller who is signing in. */
  #pending: CallerId | undefined;

  constructor(
    private readonly callers: Callers,
    private readonly pick: (id: CallerId) => void,
  ) {}

  show(pending?: CallerId): void {
    this.#pending = pending;
    const focused = document.activeElement?.getAttribute('data-caller');
    byId('callers').replaceChildren(...this.callers.all.map(info => this.#card(info)));
    if (focused !== null) document.querySelector<HTMLElement>(`[data-caller="${focused}"]`)?.focus();
  }

  #card({ id, name, summary, kind }: CallerInfo): HTMLElement {
    const isPending = this.#pending === id;
    const known = this.callers.known(id);
    const state = isPending ? 'signing in…' : stateOf(kind, known?.token !== undefined, known?.key !== undefined);
    return button(
      {
        class: 'caller',
        'data-caller': id,
        'aria-pressed': String(this.callers.current.id === id),
        ...(isPending && { 'data-pending': '' }),
      },
      () => {
        this.pick(id);
      },
      avatar(name),
      element('span', { class: 'caller-name' }, name),
      element('span', { class: 'caller-summary' }, summary),
      element('span', { class: 'caller-state', 'data-state': known?.token === undefined ? 'out' : 'in' }, state),
    );
  }
}

function stateOf(kind: CallerInfo['kind'], isSignedIn: boolean, isBound: boolean): string {
  if (kind === 'none') return 'no token';
  if (!isSignedIn) return 'not signed in';
  return isBound ? 'bound to a key' : 'has a token';
}

export function avatar(name: string): HTMLElement {
  const letter = name === 'anonymous' ? '–' : name.slice(0, 1).toUpperCase();
  return element('span', { class: 'avatar', 'data-name': name.split(' ')[0] ?? '', 'aria-hidden': 'true' }, letter);
}
