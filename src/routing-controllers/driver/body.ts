/** Reads request bodies with Express's own parsers, and turns their errors into this library's. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ParseError } from '../../core/http/exceptions';

type Parser = (options?: object) => RequestHandler;

type Verify = (request: IncomingMessage, response: ServerResponse, body: Buffer, encoding: string) => void;

interface JsonOptions {
  readonly verify?: Verify;
}

/**
 * Replaces the body-parser of routing-controllers with the parsers of the app's own Express: they recognize a body that
 * the app has already read.
 */
export const bodyParser: { readonly json: Parser; readonly text: Parser } = {
  json: (options: JsonOptions = {}) => withEmptyBody(express.json({ ...options, verify: verifying(options.verify) })),
  text: options => withEmptyBody(express.text(options)),
};

/**
 * Limits the nesting of JSON. Code that reads it recurses into its levels, and too many of them would raise a RangeError, a
 * server error that the client caused.
 */
export const mostLevels = 200;

function verifying(verify: Verify | undefined): Verify {
  return (request, response, body, encoding) => {
    verify?.(request, response, body, encoding);
    // RFC 8259 §8.1. The levels are counted in bytes, which mean something else in another encoding.
    if (encoding !== 'utf-8')
      throw Object.assign(new Error('The JSON is not in UTF-8'), { status: 415, type: 'charset.unsupported' });
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

// Sets an empty body: Express 5 leaves `body` undefined if there is no body, and undefined would pass validation.
function withEmptyBody(parse: RequestHandler): RequestHandler {
  return (request: Request & { body?: unknown }, response: Response, next: NextFunction) => {
    void parse(request, response, (error?: unknown) => {
      if (error === undefined) request.body ??= {};
      next(error);
    });
  };
}

/** Converts an error of a path, body or upload parser into a `ParseError`. Returns any other error unchanged. */
export function asParseError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { type, status, name, code } = error as { type?: unknown; status?: unknown; name?: unknown; code?: unknown };
  // Express throws this if it cannot decode a parameter of the path.
  if (error instanceof URIError && status === 400) return new ParseError('The path cannot be decoded', { cause: name });
  if (name === 'MulterError') return parseError(isLimit(code) ? 413 : 400, error);
  if (error instanceof Error && isFormError(error)) return parseError(400, error);
  if (status === 400 && typeof code === 'string' && decompressionErrors.test(code)) return parseError(400, error);
  const isOfBodyParser =
    typeof type === 'string' && /^(?:entity|encoding|charset|request|parameters|querystring)\./.test(type);
  return isOfBodyParser && typeof status === 'number' && status < 500 ? parseError(status, error) : error;
}

// Messages of multer's parser about a form. These errors have no code.
const formErrors =
  /^(?:Multipart: Boundary not found|Malformed (?:content type|part header)|Unexpected end of (?:form|file)|Unsupported content type: .*|Request aborted)$/;

// The app may have set a message that is no text, such as a value of the body.
function isFormError({ message }: { readonly message: unknown }): boolean {
  return typeof message === 'string' && formErrors.test(message);
}

// Codes of zlib and Brotli. body-parser gives these errors the status 400, and no type.
const decompressionErrors = /^(?:Z_|ERR__)/;

function isLimit(code: unknown): boolean {
  return String(code).startsWith('LIMIT_') && code !== 'LIMIT_UNEXPECTED_FILE';
}

const descriptions: Readonly<Record<number, string>> = {
  400: 'The body could not be read',
  413: 'The body is too large',
  415: 'The encoding of the body is not supported',
};

// Passes on the error's name only: a parser's error carries the body.
function parseError(status: number, { name }: { name?: string }): ParseError {
  return new ParseError(descriptions[status], {
    httpCode: descriptions[status] === undefined ? 400 : status,
    cause: name,
  });
}
