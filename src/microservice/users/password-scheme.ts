/** A scheme for hashes of passwords as PHC strings: `$id$parameters$salt$hash`. */
export interface PasswordScheme {
  /** The identifier in the PHC string. */
  readonly id: string;
  /**
   * A hash with the current parameters that matches no password. Verifying against it takes as long as against a real
   * one.
   */
  readonly decoy: string;
  hash(password: string): Promise<string>;
  /** Returns whether the string is a well-formed hash of this scheme with an acceptable cost. */
  accepts(hash: string): boolean;
  /** Verifies a password against an accepted hash. After a wrong password for a weaker hash, the missing work is added. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Returns whether the hash is at least as strong as a new one. */
  isCurrent(hash: string): boolean;
}

/** Encodes bytes as PHC strings do: in base64 without padding. */
export function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
