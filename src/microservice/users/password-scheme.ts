/** One way of hashing passwords, as PHC strings: `$id$parameters$salt$hash`. */
export interface PasswordScheme {
  /** The identifier in the PHC string. */
  readonly id: string;
  /** A hash with today's parameters that no password has; checking against it takes as long as against a real one. */
  readonly decoy: string;
  hash(password: string): Promise<string>;
  /** Can this string be verified: is it of this scheme, well-formed, and of a cost that may be asked for? */
  accepts(hash: string): boolean;
  /** For a hash that is accepted. A wrong password against a weaker hash is followed by the missing work. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Is the hash at least as strong as a new one? */
  isCurrent(hash: string): boolean;
}

/** PHC strings have base64 without padding. */
export function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
