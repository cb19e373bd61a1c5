/** The demo's page. Whatever is secret is in variables of this module: it is gone with the page. */
import { byId, element } from './element.js';
import { inGroups, RouteView } from './routes.js';
import { claimsOf, signIn } from './sign-in.js';
import { claimsView } from './token-view.js';

/**
 * @typedef {{ name: string, token?: string }} Caller
 * @typedef {{ client: import('./sign-in.js').Client, people: string[], routes: import('./routes.js').Route[] }} Demo
 */

/** @type {Caller} */
let caller = { name: 'nobody' };
let signingIn = new AbortController();
/** @type {RouteView[]} */
let views = [];

async function start() {
  /** @type {Demo} */
  const demo = await (await fetch('page/demo.json')).json();
  views = demo.routes.map(viewOf);
  byId('routes').replaceChildren(...inGroups(views));
  byId('callers').replaceChildren(...['nobody', ...demo.people, 'machine'].map(name => callerButton(demo, name)));
  byId('call-all').addEventListener('click', () => attempt(callAll));
  await offerExamples();
  become(caller);
}

/** @param {import('./routes.js').Route} route */
function viewOf(route) {
  /** @type {RouteView} */
  const view = new RouteView(route, () => attempt(() => call(view)));
  return view;
}

/**
 * @param {Demo} demo
 * @param {string} name
 */
function callerButton(demo, name) {
  const button = element('button', { type: 'button', 'data-caller': name }, name);
  button.addEventListener('click', () => attempt(async () => become(await callerNamed(demo, name))));
  return button;
}

/**
 * @param {Demo} demo
 * @param {string} name
 * @returns {Promise<Caller>}
 */
async function callerNamed({ client }, name) {
  signingIn.abort(new DOMException('Somebody else was chosen.', 'AbortError'));
  signingIn = new AbortController();
  const { signal } = signingIn;
  if (name === 'nobody') return { name };
  if (name === 'machine') return { name, token: await machineToken(signal) };
  say(`Sign in as ${name} in the window that opened.`);
  const { sub, accessToken } = await signIn(client, name, signal);
  return { name: sub, token: accessToken };
}

/** @param {AbortSignal} signal */
async function machineToken(signal) {
  const response = await fetch('page/machine-token', { method: 'POST', signal });
  return (await response.json()).accessToken;
}

/** @param {Caller} next */
function become(next) {
  caller = next;
  for (const button of byId('callers').children)
    button.setAttribute('aria-pressed', String(button.getAttribute('data-caller') === caller.name));
  byId('token').hidden = caller.token === undefined;
  byId('token').replaceChildren(...(caller.token === undefined ? [] : [claimsView(claimsOf(caller.token))]));
  for (const view of views) view.clear();
  say(caller.token === undefined ? 'You are nobody: requests carry no token.' : `You are ${caller.name}.`);
}

/** @param {RouteView} view */
async function call(view) {
  const { name } = caller;
  const { status, reason } = await view.call(send);
  say(`${view.name} as ${name}: ${status} ${reason}`);
  if (view.route.method === 'DELETE' && status < 300) await offerExamples();
}

async function callAll() {
  const asked = caller;
  for (const view of views) {
    if (caller !== asked) return;
    await call(view);
  }
  say(`${views.length} routes called as ${asked.name}.`);
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
function send(path, init) {
  const headers = new Headers(init.headers);
  if (caller.token !== undefined) headers.set('authorization', `Bearer ${caller.token}`);
  return fetch(path, { ...init, headers, credentials: 'omit', cache: 'no-store' });
}

/** What was deleted is there again. */
async function offerExamples() {
  const examples = await (await fetch('page/examples', { method: 'POST' })).json();
  for (const view of views) view.offer(examples);
}

/** @param {() => Promise<void>} what */
function attempt(what) {
  what().catch(complain);
}

/** @param {unknown} error */
function complain(error) {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  say(error instanceof Error ? error.message : String(error));
}

/** @param {string} text */
function say(text) {
  byId('said').textContent = text;
}

attempt(start);
