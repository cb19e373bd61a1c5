/** The steps of a route that read the body of a request: JSON or text, and forms with files. */
import type { RequestHandler } from 'express';
import type { ActionMetadata } from 'routing-controllers';
import { bodyParser } from './body';
import type { MiddlewareSteps } from './middleware-steps';

/** multer, as upstream loads it. */
export type Multer = (options: unknown) => Record<'single' | 'array', (name: string) => RequestHandler>;

export function bodyParsers(meta: ActionMetadata, steps: MiddlewareSteps): RequestHandler[] {
  if (!meta.isBodyUsed) return [];
  const parser = meta.isJsonTyped ? bodyParser.json : bodyParser.text;
  return [steps.one(meta, parser(meta.bodyExtraOptions as object | undefined), { isBefore: true })];
}

export function uploads(meta: ActionMetadata, steps: MiddlewareSteps, load: () => Multer): RequestHandler[] {
  const files = meta.params.filter(param => param.type === 'file' || param.type === 'files');
  if (files.length === 0) return [];
  const multer = load();
  return files.map(({ type, name, extraOptions }) =>
    steps.one(meta, multer(extraOptions)[type === 'file' ? 'single' : 'array'](name), { isBefore: true }),
  );
}
