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
    if (ctx.path.startsWith(loginUrl(''))) await signIn(provider, ctx);
    else await next();
  };
}

async function signIn(provider: Provider, ctx: Context) {
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const name = ctx.method === 'POST' ? new URLSearchParams(await text(ctx.req)).get('name') : undefined;
  // The click is the consent, too: apps on this machine always have to ask for it (RFC 8252 §8.6).
  const answer = { login: { accountId: name ?? '' }, consent: {} };
  if (isPerson(name)) ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, answer));
  else ctx.body = form(params.login_hint);
}

/** The person that the app expects is one press of Enter away (OpenID Connect Core §3.1.2.1, `login_hint`). */
function form(expected: unknown): string {
  const buttons = people.map(name => {
    const focus = name === expected ? ' autofocus' : '';
    return `<button name="name" value="${name}"${focus}>${name}</button>`;
  });
  return page(
    'Sign in',
    `<h1>Who are you?</h1>
<p>This is the demo’s authorization server: no passwords.</p>
<form method="post">${buttons.join(' ')}</form>`,
  );
}
