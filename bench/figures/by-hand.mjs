/** Requests that are made by hand, inside the process: no socket reads or writes them. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const write = (chunk, encoding, done) => done();
const socket = Object.assign(new Duplex({ write, read() {} }), { remoteAddress: '127.0.0.1' });

/** @param request `{ method, url, fields, body }`; `fields`: header fields, their names in lower case */
export function ask(app, { method = 'GET', url, fields, body }, expected) {
  const request = new IncomingMessage(socket);
  const headers = { host: 'localhost', ...fields };
  const text = body && JSON.stringify(body);
  if (text !== undefined)
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': `${text.length}` });
  Object.assign(request, { method, url, headers, rawHeaders: Object.entries(headers).flat(), httpVersion: '1.1' });
  if (text !== undefined) request.push(text);
  request.complete = true;
  request.push(null);
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  return new Promise((resolve, reject) => {
    response.once('finish', () => {
      response.detachSocket(socket);
      if (response.statusCode === expected) resolve();
      else reject(new Error(`${method} ${url} answered ${response.statusCode} instead of ${expected}`));
    });
    app(request, response);
  });
}

/** Waits until a request is answered as expected: without a wait, the event loop has no time to fetch the issuer's keys. */
export async function untilAnswered(app, request, expected) {
  const isReady = () =>
    ask(app, request, expected).then(
      () => true,
      () => false,
    );
  while (!(await isReady())) await pause(100);
}
