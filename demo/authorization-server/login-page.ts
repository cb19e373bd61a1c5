import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { isPerson, people } from '../accounts';
import { page } from './page';

type Middleware = Parameters<Provider['use']>[0];
type Context = Parameters<Middleware>[0];

export const loginUrl = (uid: string) => `/login/${uid}`;

/** Who are you? One click and no password: this is a demo. */
export function loginPage(provider: Provider): Middleware {
  return async (ctx, next) => {
    if (isForSomebody(ctx)) startAnotherSession(provider, ctx);
    if (ctx.path.startsWith(loginUrl(''))) await signIn(provider, ctx);
    else await next();
  };
}

function isForSomebody({ path, query }: Context): boolean {
  return path === '/auth' && query['login_hint'] !== undefined;
}

// The page of the API signs several people in, as if each had a browser. In one session the next person would log out
// the one before, which revokes their token.
function startAnotherSession(provider: Provider, { req: { headers }, cookies }: Context) {
  const name = provider.cookieName('session');
  headers.cookie = (headers.cookie ?? '')
    .split('; ')
    .filter(pair => !pair.startsWith(name))
    .join('; ');
  cookies.set(name, null, { signed: false });
}

async function signIn(provider: Provider, ctx: Context) {
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  // Who the app expects (OpenID Connect Core §3.1.2.1, `login_hint`) is not asked: one click at the app is enough.
  const name = ctx.method === 'POST' ? new URLSearchParams(await text(ctx.req)).get('name') : params.login_hint;
  // The click is the consent, too: apps on this machine always have to ask for it (RFC 8252 §8.6).
  const answer = { login: { accountId: String(name) }, consent: {} };
  if (isPerson(name)) ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, answer));
  else ctx.body = form();
}

function form(): string {
  const buttons = people.map(name => `<button name="name" value="${name}">${name}</button>`);
  return page(
    'Sign in',
    `<h1>Who are you?</h1>
<p>This is the demo’s authorization server: no passwords.</p>
<form method="post">${buttons.join(' ')}</form>`,
  );
}
