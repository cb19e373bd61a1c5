/** Tells caches which answers are the caller's own, and which field of the request makes them another answer. */
import type { Response } from 'express';
import type { BaseAuthentication } from '../authentication/base';
import { SessionAuthentication } from '../authentication/session';
import { Insistence } from '../authentication/token-demand';
import { shareShape } from './response-shape';
import type { Visit } from './visit';

type WriteHead = (...given: unknown[]) => Response;

const watched = new WeakSet<Visit>();

/**
 * Sets `Cache-Control: private` and `Vary: Cookie` when the answer leaves, if credentials of this route may be outside of
 * `Authorization`. Where they are in that field, RFC 9111 §3.5 keeps shared caches from answering others with it.
 */
export function tellCachesLater(visit: Visit): void {
  if (visit.authenticators.every(readsAuthorization) || watched.has(visit)) return;
  watched.add(visit);
  const { response } = visit;
  shareShape(response);
  // Node makes every header by writeHead(), which has an old name, too.
  const writeHead = response.writeHead as WriteHead;
  const telling: WriteHead = (...given) => {
    if (!response.headersSent) given = told(visit, given);
    return Reflect.apply(writeHead, response, given);
  };
  Object.assign(response, { writeHead: telling, writeHeader: telling });
}

function told(visit: Visit, given: unknown[]): unknown[] {
  const { response, authenticators } = visit;
  const rest = withoutFields(response, given);
  // Such an answer is not stored: neither this field nor another changes that (RFC 9111 §5.2.2.5).
  if (String(response.getHeader('Cache-Control')).includes('no-store')) return rest;
  if (isOfItsCaller(visit)) setPrivate(response);
  if (authenticators.some(one => one instanceof SessionAuthentication)) varyBy('Cookie', response);
  return rest;
}

// The fields that writeHead() is given replace those that are set. Node 20 sends one of several with the same name, unless no
// field is set before.
function withoutFields(response: Response, given: unknown[]): unknown[] {
  const place = given.findIndex(one => typeof one === 'object' && one !== null);
  const fields = given[place];
  if (fields === undefined) return given;
  const entries = Array.isArray(fields) ? pairsOf(fields) : Object.entries(fields as object);
  for (const [name] of entries) response.removeHeader(name);
  for (const [name, value] of entries) response.appendHeader(name, value as string);
  return given.toSpliced(place, 1);
}

// Names and values in turn, or a list for each field: Node takes both.
function pairsOf(list: readonly unknown[]): (readonly [name: string, value: unknown])[] {
  if (list.every(Array.isArray)) return list.map(([name, value]: readonly unknown[]) => [String(name), value]);
  return list.flatMap((name, index) => (index % 2 === 0 ? [[String(name), list[index + 1]] as const] : []));
}

function isOfItsCaller({ successfulAuthenticator: used, request }: Visit): boolean {
  return used !== undefined && (!readsAuthorization(used) || request.headers.authorization === undefined);
}

/**
 * Tells caches that the list is the caller's own (RFC 9111 §5.2.2.7): another caller gets other objects from the same URL. A
 * class of the app may read its credentials from any field, so that no `Vary` tells such callers apart.
 */
export function tellCachesOfList(visit: Visit): void {
  if (!isToldList(visit)) return;
  const { response, filters, authenticators } = visit;
  const isOwn = filters.some(({ filter }) => filter.kind !== 'all') || !authenticators.every(readsKnownField);
  if (isOwn) setPrivate(response);
  for (const one of authenticators) varyBy(one instanceof SessionAuthentication ? 'Cookie' : 'Authorization', response);
}

/** Does the same for a call of `writeHead()`, and returns its arguments without the fields, which would replace what is set. */
export function toldOfList(visit: Visit, given: unknown[]): unknown[] {
  if (!isToldList(visit)) return given;
  const rest = withoutFields(visit.response, given);
  tellCachesOfList(visit);
  return rest;
}

function isToldList({ response, filters }: Visit): boolean {
  return filters.length > 0 && !response.headersSent && response.statusCode < 400;
}

function setPrivate(response: Response): void {
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'private');
}

function varyBy(field: string, response: Response): void {
  if (response.hasHeader('Vary')) response.vary(field);
  else response.setHeader('Vary', field);
}

function readsKnownField(one: BaseAuthentication): boolean {
  return one instanceof SessionAuthentication || readsAuthorization(one);
}

// An Insistence reads no credentials.
function readsAuthorization(one: BaseAuthentication): boolean {
  const { authorizationSchemes = [] } = one;
  return one instanceof Insistence || authorizationSchemes.length > 0;
}
