/** Answers the errors of templates as those of handlers. */
import type { Response } from 'express';

type Rendered = (error: unknown, html?: string) => void;

type Render = (view: string, options: object, done: Rendered) => void;

/**
 * Catches what goes wrong when upstream renders the template of a handler. Upstream passes the error of a template to Express,
 * whose answer is an HTML page, with the stack in development. It sends the page in a callback, which most engines call from
 * the event loop. An exception there would end the process, as where a middleware has answered meanwhile because the request
 * took too long.
 *
 * @param answer lets upstream render the template, before it returns
 * @param failed receives the error
 */
export function catchRendering(response: Response, answer: () => void, failed: (error: unknown) => void): void {
  const render = response.render as Render;
  const caught: Render = (view, options, done) => {
    const rendered: Rendered = (error, html) => {
      if (error) failed(error);
      else send(done.bind(undefined, null, html), failed);
    };
    Reflect.apply(render, response, [view, options, rendered]);
  };
  Object.assign(response, { render: caught });
  try {
    answer();
  } finally {
    // The app's error middleware may render a page of its own.
    Object.assign(response, { render });
  }
}

function send(page: () => void, failed: (error: unknown) => void): void {
  try {
    page();
  } catch (error) {
    failed(error);
  }
}
