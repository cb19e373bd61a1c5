export type Child = Node | string;

/** Creates an element. Text stays text: nothing is ever read as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Creates a button that runs the action. */
export function button(
  attributes: Readonly<Record<string, string>>,
  action: () => void,
  ...children: readonly Child[]
): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, ...children);
  made.addEventListener('click', action);
  return made;
}

/** Text that only screen readers get. */
export function unseen(text: string): HTMLElement {
  return element('span', { class: 'unseen' }, text);
}

/** Code in a box that can be scrolled with the keyboard. */
export function codeBox(label: string, ...children: readonly Child[]): HTMLElement {
  return element('pre', { tabindex: '0', role: 'group', 'aria-label': label }, ...children);
}

/** A term and its description, for a `dl`. */
export function row(name: string, ...value: readonly Child[]): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, ...value));
}

/** @param type the class of the element, such as `HTMLInputElement` */
export function byId(id: string): HTMLElement;
export function byId<Kind extends HTMLElement>(id: string, type: new () => Kind): Kind;
export function byId(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`The page has no element #${id} of the kind ${type.name}.`);
}
