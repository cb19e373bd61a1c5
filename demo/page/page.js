/** The demo's page. Tokens are in variables of its modules: they are gone with the page. */
import { byId, element } from './element.js';
import { inGroups, RouteView } from './routes.js';
import { Session, SessionEnded } from './session.js';
import { offerSession, showSession } from './session-view.js';
import { claimsOf, signIn } from './sign-in.js';
import { claimsView } from './token-view.js';

/**
 * @typedef {{ name: string, token?: string, session?: Session }} Caller
 * @typedef {{ api: string, provider: string, client: import('./sign-in.js').Client, people: string[],
 *   routes: import('./routes.js').Route[] }} Demo
 */

/** @type {Caller} */
let caller = { name: 'nobody' };
/** @type {Caller | undefined} who is signed in at the API itself */
let own;
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
  offerSession(demo.api, demo.provider, {
    signIn: (username, password) => attempt(async () => enter(await Session.signIn(username, password))),
    refresh: () => attempt(refresh),
    logOff: everywhere => attempt(() => logOff(everywhere)),
  });
  await offerExamples();
  become(caller);
  const session = await Session.resume();
  if (session !== undefined) enter(session);
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

/** @param {Session} session whose user one is from now on, and can be again after having been somebody else */
function enter(session) {
  leave();
  own = { name: session.name, session };
  const button = element('button', { type: 'button', 'data-caller': own.name, 'data-own': '' }, own.name);
  button.addEventListener('click', () => own && become(own));
  byId('callers').append(button);
  showSession(session);
  become(own);
}

/** Nobody is signed in at the API any more. */
function leave() {
  document.querySelector('[data-own]')?.remove();
  showSession(undefined);
  if (caller === own) become({ name: 'nobody' });
  own = undefined;
}

async function refresh() {
  await own?.session?.refresh();
  showSession(own?.session);
  showToken();
  say('The access token is a new one.');
}

/** @param {boolean} everywhere */
async function logOff(everywhere) {
  await own?.session?.logOff(everywhere);
  leave();
  say(everywhere ? 'You are logged off everywhere.' : 'You are logged off.');
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
  showToken();
  for (const view of views) view.clear();
  say(caller.name === 'nobody' ? 'You are nobody: requests carry no token.' : `You are ${caller.name}.`);
}

function showToken() {
  const token = caller.session?.accessToken ?? caller.token;
  byId('token').hidden = token === undefined;
  byId('token').replaceChildren(...(token === undefined ? [] : [claimsView(claimsOf(token))]));
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
async function send(path, init) {
  const headers = new Headers(init.headers);
  const token = await currentToken();
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  return fetch(path, { ...init, headers, credentials: 'omit', cache: 'no-store' });
}

async function currentToken() {
  const { session, token } = caller;
  if (session === undefined) return token;
  const before = session.accessToken;
  const fresh = await session.freshToken();
  if (fresh !== before) showSession(session);
  if (fresh !== before) showToken();
  return fresh;
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
  if (error instanceof SessionEnded) leave();
  say(error instanceof Error ? error.message : String(error));
}

/** @param {string} text */
function say(text) {
  byId('said').textContent = text;
}

attempt(start);
