/** Signs people in: authorization code with PKCE (RFC 6749 §4.1, RFC 7636) and an ID token, in a second window. */
import type { Client } from './demo-data.js';
import { base64url, claimsOf, random, textBytes } from './encoding.js';
import type { ProofKey } from './proof-key.js';

interface Endpoints {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

interface Secrets {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

interface TokenResponse {
  readonly access_token: string;
  readonly id_token: string;
  readonly token_type: string;
}

export interface SignInRequest {
  /** Sent as `login_hint`, so that the authorization server does not ask for the name. */
  readonly person: string;
  /** The key that the token shall be bound to. */
  readonly key?: ProofKey | undefined;
  readonly signal: AbortSignal;
}

const redirectUri = new URL('signed-in.html', location.href).href;

/** Opens the window. Must be called while the browser handles a click; otherwise it is blocked. */
export function openWindow(): Window {
  const popup = window.open('about:blank', 'sign-in', 'popup,width=480,height=560');
  if (popup === null) throw new Error('The browser blocked the sign-in window. Allow it, then try again.');
  return popup;
}

/** Returns an access token of this person. */
export async function signIn(popup: Window, client: Client, request: SignInRequest): Promise<string> {
  const endpoints = await discover(client.issuer);
  const secrets = { verifier: random(), state: random(), nonce: random() };
  popup.location.href = await authorizationUrl(endpoints, client, request.person, secrets);
  const code = codeFrom(await answerOf(popup, request.signal), client, secrets.state);
  const tokens = await redeem(endpoints, client, { code, verifier: secrets.verifier, key: request.key });
  checkIdToken(claimsOf(tokens.id_token), client, { person: request.person, nonce: secrets.nonce });
  return tokens.access_token;
}

async function discover(issuer: string): Promise<Endpoints> {
  const metadata = (await json(await fetch(`${issuer}/.well-known/openid-configuration`))) as Endpoints;
  if (metadata.issuer !== issuer) throw new Error('The authorization server has the metadata of another issuer.');
  return metadata;
}

async function authorizationUrl(
  { authorization_endpoint }: Endpoints,
  client: Client,
  person: string,
  { verifier, state, nonce }: Secrets,
): Promise<string> {
  const url = new URL(authorization_endpoint);
  const challenge = await crypto.subtle.digest('SHA-256', textBytes(verifier));
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: client.scopes.join(' '),
    resource: client.resource,
    state,
    nonce,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
    prompt: 'login',
    login_hint: person,
  }).toString();
  return url.href;
}

/** Waits for what the authorization server sends the window back with. */
async function answerOf(popup: Window, signal: AbortSignal): Promise<URLSearchParams> {
  // Another caller may have been picked while the window was on its way.
  signal.throwIfAborted();
  const done = new AbortController();
  const until = { signal: done.signal };
  const answer = new Promise<URLSearchParams>((resolve, reject) => {
    const receive = ({ origin, source, data }: MessageEvent): void => {
      if (origin === location.origin && source === popup) resolve(new URLSearchParams(String(data)));
    };
    window.addEventListener('message', receive, until);
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      until,
    );
    const watch = setInterval(() => {
      if (popup.closed) reject(new Error('The sign-in window was closed before anyone signed in.'));
    }, 500);
    done.signal.addEventListener('abort', () => {
      clearInterval(watch);
    });
  });
  return answer.finally(() => {
    done.abort();
  });
}

function codeFrom(answer: URLSearchParams, { issuer }: Client, state: string): string {
  if (answer.get('state') !== state) throw new Error('The answer belongs to another request: its state is wrong.');
  if (answer.get('iss') !== issuer) throw new Error('The answer is from another authorization server.'); // RFC 9207
  const code = answer.get('code');
  const error = answer.get('error_description') ?? answer.get('error') ?? 'without a reason';
  if (code === null) throw new Error(`The authorization server refused: ${error}.`);
  return code;
}

interface Redeemed {
  readonly code: string;
  readonly verifier: string;
  readonly key: ProofKey | undefined;
}

async function redeem({ token_endpoint }: Endpoints, client: Client, sent: Redeemed): Promise<TokenResponse> {
  const { code, verifier, key } = sent;
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  });
  const headers = key && { DPoP: await key.proof({ method: 'POST', url: token_endpoint }) };
  const tokens = (await json(
    await fetch(token_endpoint, { method: 'POST', body, ...(headers && { headers }) }),
  )) as TokenResponse;
  // RFC 9449 §5: with another type the token is not bound to the key.
  if (key !== undefined && tokens.token_type !== 'DPoP')
    throw new Error('The authorization server did not bind the token.');
  return tokens;
}

/** It came from the token endpoint itself, which stands for its signature (OpenID Connect Core §3.1.3.7, 6). */
function checkIdToken(
  { iss, aud, exp, sub, nonce: received }: Readonly<Record<string, unknown>>,
  { issuer, clientId }: Client,
  { person, nonce }: { readonly person: string; readonly nonce: string },
): void {
  if (received !== nonce) throw new Error('The ID token belongs to another request: its nonce is wrong.');
  if (iss !== issuer || aud !== clientId) throw new Error('The ID token is for another app.');
  if (typeof exp !== 'number' || exp * 1000 < Date.now()) throw new Error('The ID token has expired.');
  if (sub !== person) throw new Error(`Another person than ${person} signed in.`);
}

async function json(response: Response): Promise<unknown> {
  const body = (await response.json()) as { error?: string; error_description?: string };
  if (response.ok) return body;
  const error = body.error_description ?? body.error ?? 'without a reason';
  throw new Error(`The authorization server answered ${response.status}: ${error}.`);
}
