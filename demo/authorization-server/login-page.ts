import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { isPerson, people } from '../accounts';

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
  await provider.interactionDetails(ctx.req, ctx.res);
  const name = ctx.method === 'POST' ? new URLSearchParams(await text(ctx.req)).get('name') : undefined;
  // The click is the consent, too: apps on this machine always have to ask for it (RFC 8252 §8.6).
  const answer = { login: { accountId: name ?? '' }, consent: {} };
  if (isPerson(name)) ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, answer));
  else ctx.body = form;
}

const buttons = people.map(name => `<button name="name" value="${name}">${name}</button>`);
const form = `<!doctype html><title>Sign in</title><h1>Who are you?</h1><form method="post">${buttons.join(' ')}</form>`;
