/**
 * Writes a plain result as Express's `response.json()` does, with the same fields in the same order: Express looks up each
 * field again that it has just set, and parses the type of the body.
 */
import { ServerResponse } from 'node:http';
import express, { type Response } from 'express';
import type { ActionMetadata } from 'routing-controllers';

const ofExpress = ['json', 'send', 'status', 'set', 'get', 'header'] as const;
const ofNode = ['end', 'setHeader', 'getHeader'] as const;

/** The methods of a response by which Express answers, and on which middleware may rely. */
const methods: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(ofExpress.map(name => [name, express.response[name] as unknown])),
  ...Object.fromEntries(ofNode.map(name => [name, ServerResponse.prototype[name] as unknown])),
};
const names = Object.keys(methods);

// A package that was loaded earlier may have replaced a method for all responses.
const isExpressKnown =
  /['"]json replacer['"]/.test(String(express.response.json)) && /['"]etag fn['"]/.test(String(express.response.send));

/** Fields that Express keeps if a handler or a middleware has set them. */
const kept = ['content-type', 'etag', 'transfer-encoding'];

/** The settings of an app that change its JSON. */
const changing = ['json escape', 'json replacer', 'json spaces'];

/** A response without a body, of which Express removes fields. */
const withoutBody = [204, 205, 304];

interface Settings {
  readonly 'etag fn'?: ((body: Buffer, encoding: undefined) => string | undefined) | undefined;
  readonly [name: string]: unknown;
}

/** Whether upstream answers an object with `response.json()`, and with no field besides. */
export function isJson({ isJsonTyped, redirect, renderedTemplate, headers }: ActionMetadata): boolean {
  return isJsonTyped && !redirect && !renderedTemplate && Object.keys(headers).length === 0;
}

/**
 * Whether the answer to this request can be written here. A HEAD or conditional request, a method that something has
 * replaced, a field that something has set and a setting for JSON leave it to Express.
 */
export function isWrittenHere(response: Response, { successHttpCode }: ActionMetadata): boolean {
  const { method, headers } = response.req;
  if (method === 'HEAD' || headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined)
    return false;
  if (successHttpCode) response.status(successHttpCode);
  return isExpressKnown && !withoutBody.includes(response.statusCode) && isUntouched(response);
}

function isUntouched(response: Response): boolean {
  for (const name of names) if (response[name as 'json'] !== methods[name]) return false;
  for (const name of kept) if (response.hasHeader(name)) return false;
  const settings = response.app.settings as Settings;
  for (const name of changing) if (Boolean(settings[name])) return false;
  return true;
}

/** Sends an object as JSON. Call it only where {@link isWrittenHere}. */
export function writeJson(value: object, response: Response): void {
  const body = JSON.stringify(value);
  const bytes = Buffer.from(body, 'utf8');
  const { 'etag fn': etagOf } = response.app.settings as Settings;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', String(bytes.length));
  const etag = typeof etagOf === 'function' ? etagOf(bytes, undefined) : undefined;
  if (etag) response.setHeader('ETag', etag);
  // Node sends text together with the header. Bytes would be a second write.
  response.end(body, 'utf8');
}
