/** When two e-mail addresses are the same. */

/**
 * The address with ASCII letters in small. No others: some characters become an ASCII letter when they are made small,
 * and with them somebody else's address could be spelled.
 */
export function foldedEmail(email: string): string {
  return email.replace(/[A-Z]/g, letter => letter.toLowerCase());
}

export function isSameEmail(one: unknown, other: string): boolean {
  return typeof one === 'string' && foldedEmail(one) === foldedEmail(other);
}
