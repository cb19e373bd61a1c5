/** Reads bodies with Express's own parsers, and says in our words what is wrong with one. */
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ParseError } from '../core/exceptions';

type Parser = (options?: object) => RequestHandler;

/** What routing-controllers takes from body-parser; of the same Express as the app, which may have read the body already. */
export const bodyParser: { readonly json: Parser; readonly text: Parser } = {
  json: options => withEmptyBody(express.json(options)),
  text: options => withEmptyBody(express.text(options)),
};

// Express 5 leaves `body` undefined where there is none; undefined would pass validation.
function withEmptyBody(parse: RequestHandler): RequestHandler {
  return (request: Request & { body?: unknown }, response: Response, next: NextFunction) => {
    void parse(request, response, (error?: unknown) => {
      if (error === undefined) request.body ??= {};
      next(error);
    });
  };
}

/** An error of a parser of bodies or uploads as ours; others as they are. */
export function asParseError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { type, status, name, code } = error as { type?: unknown; status?: unknown; name?: unknown; code?: unknown };
  if (name === 'MulterError') return parseError(isLimit(code) ? 413 : 400, error);
  if (error instanceof Error && formErrors.test(error.message)) return parseError(400, error);
  const isOfBodyParser =
    typeof type === 'string' && /^(?:entity|encoding|charset|request|parameters|querystring)\./.test(type);
  return isOfBodyParser && typeof status === 'number' && status < 500 ? parseError(status, error) : error;
}

// What multer's parser says of a form, for want of a code.
const formErrors =
  /^(?:Multipart: Boundary not found|Malformed (?:content type|part header)|Unexpected end of (?:form|file)|Unsupported content type: .*)$/;

function isLimit(code: unknown): boolean {
  return String(code).startsWith('LIMIT_') && code !== 'LIMIT_UNEXPECTED_FILE';
}

const descriptions: Readonly<Record<number, string>> = {
  400: 'The body could not be read',
  413: 'The body is too large',
  415: 'The encoding of the body is not supported',
};

// The cause stays out: a parser's error carries the body.
function parseError(status: number, { name }: { name?: string }): ParseError {
  return new ParseError(descriptions[status], {
    httpCode: descriptions[status] === undefined ? 400 : status,
    cause: name,
  });
}
