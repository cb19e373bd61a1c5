/** Compares e-mail addresses. */

/**
 * Returns the address with ASCII letters in lower case. Other characters stay: the lower case of some is an ASCII
 * letter, which would allow another spelling of somebody else's address.
 */
export function foldedEmail(email: string): string {
  return email.replace(/[A-Z]/g, letter => letter.toLowerCase());
}

export function isSameEmail(one: unknown, other: string): boolean {
  return typeof one === 'string' && foldedEmail(one) === foldedEmail(other);
}
