/** Ends the checks of a request that the app has answered itself. */

/** Thrown where the response has been sent already: nothing that comes next may run, and there is nothing to answer. */
export class Answered extends Error {
  constructor() {
    super('The response has been sent already');
    this.name = new.target.name;
  }
}

/**
 * Lets a check go on to the next step.
 *
 * @throws Answered once the header of the response has been sent.
 */
export function requireUnanswered(response: { readonly headersSent: boolean } | undefined): void {
  if (response?.headersSent === true) throw new Answered();
}
