/** Ends the checks of a request if the app has sent the response itself. */

/** Thrown if the response has been sent already: no further step may run, and no response can be sent. */
export class Answered extends Error {
  constructor() {
    super('The response has been sent already');
    this.name = new.target.name;
  }
}

/**
 * Checks that no response has been sent, before the next step.
 *
 * @throws Answered if the header of the response has been sent.
 */
export function requireUnanswered(response: { readonly headersSent: boolean } | undefined): void {
  if (response?.headersSent === true) throw new Answered();
}
