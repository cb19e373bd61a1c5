/** Reads bodies with Express's own parsers, and says in our words what is wrong with one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ParseError } from '../../core/http/exceptions';

type Parser = (options?: object) => RequestHandler;

type Verify = (request: IncomingMessage, response: ServerResponse, body: Buffer, encoding: string) => void;

interface JsonOptions {
  readonly verify?: Verify;
}

/** What routing-controllers takes from body-parser; of the same Express as the app, which may have read the body already. */
export const bodyParser: { readonly json: Parser; readonly text: Parser } = {
  json: (options: JsonOptions = {}) => withEmptyBody(express.json({ ...options, verify: verifying(options.verify) })),
  text: options => withEmptyBody(express.text(options)),
};

// What reads a body goes down its levels one by one: too many of them end in a RangeError, which is nobody's fault but the
// client's.
const mostLevels = 200;

function verifying(verify: Verify | undefined): Verify {
  return (request, response, body, encoding) => {
    verify?.(request, response, body, encoding);
    if (levelsOf(body) > mostLevels)
      throw Object.assign(new Error('The JSON is nested too deeply'), {
        status: 400,
        type: 'entity.nested.too.deeply',
      });
  };
}

const [quote, backslash] = Buffer.from('"\\');
const opening = Buffer.from('[{');
const closing = Buffer.from(']}');

/** Returns how deeply a JSON text is nested. */
export function levelsOf(text: Buffer): number {
  let [levels, most, isInText] = [0, 0, false];
  for (let index = 0; index < text.length; index++) {
    const byte = text[index] as number;
    if (byte === quote) isInText = !isInText;
    else if (isInText) index += Number(byte === backslash);
    else if (opening.includes(byte)) most = Math.max(most, ++levels);
    else if (closing.includes(byte)) levels -= 1;
  }
  return most;
}

// Express 5 leaves `body` undefined where there is none; undefined would pass validation.
function withEmptyBody(parse: RequestHandler): RequestHandler {
  return (request: Request & { body?: unknown }, response: Response, next: NextFunction) => {
    void parse(request, response, (error?: unknown) => {
      if (error === undefined) request.body ??= {};
      next(error);
    });
  };
}

/** Returns an error of a parser of paths, bodies or uploads as ours, and others as they are. */
export function asParseError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { type, status, name, code } = error as { type?: unknown; status?: unknown; name?: unknown; code?: unknown };
  // Express decodes the parameters of a path.
  if (error instanceof URIError && status === 400) return new ParseError('The path cannot be decoded', { cause: name });
  if (name === 'MulterError') return parseError(isLimit(code) ? 413 : 400, error);
  if (error instanceof Error && formErrors.test(error.message)) return parseError(400, error);
  const isOfBodyParser =
    typeof type === 'string' && /^(?:entity|encoding|charset|request|parameters|querystring)\./.test(type);
  return isOfBodyParser && typeof status === 'number' && status < 500 ? parseError(status, error) : error;
}

// What multer's parser says of a form, for want of a code.
const formErrors =
  /^(?:Multipart: Boundary not found|Malformed (?:content type|part header)|Unexpected end of (?:form|file)|Unsupported content type: .*|Request aborted)$/;

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
