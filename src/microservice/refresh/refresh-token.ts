/** Refresh tokens are opaque: 128 bits that identify the family and 256 bits that only the client has. */
import { randomBytes } from 'node:crypto';
import { hashOf, type Secrets } from '../secrets';

const handleBytes = 16;
const secretBytes = 32;

/** A refresh token. The handle is the same in all tokens of a family; the rest is new in each. */
export class RefreshToken {
  private constructor(
    private readonly handlePart: Buffer,
    private readonly secretPart: Buffer,
  ) {}

  static random(): RefreshToken {
    return new RefreshToken(randomBytes(handleBytes), randomBytes(secretBytes));
  }

  /** Parses a refresh token. Returns `undefined` for any other text. */
  static parse(text: string): RefreshToken | undefined {
    if (!/^[\w-]{64}$/.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    return new RefreshToken(bytes.subarray(0, handleBytes), bytes.subarray(handleBytes));
  }

  /** The text that the client keeps. */
  get text(): string {
    return Buffer.concat([this.handlePart, this.secretPart]).toString('base64url');
  }

  /** The hash that identifies the family. */
  get handle(): string {
    return hashOf(this.handlePart);
  }

  /** The hash that the store keeps. */
  get hash(): string {
    return hashOf(this.text);
  }

  /**
   * Returns the token that follows another one of the family. It is always the same for the same number, so that a client
   * that lost a race, or the answer, gets the winner's token again, although the store has only hashes. A process can also
   * recognize a token that a store has lost.
   *
   * @param hash the hash of the token that is followed
   */
  successor(hash: string, familyId: string, generation: number, secrets: Secrets): RefreshToken {
    const next = secrets.hmac('refresh token that follows', hash, familyId, String(generation));
    return new RefreshToken(this.handlePart, next);
  }

  /** Returns the token that earlier versions of this library issued as the successor of this one. */
  formerSuccessor(familyId: string, generation: number, secrets: Secrets): RefreshToken {
    const next = secrets.hmac('refresh token successor', this.text, familyId, String(generation));
    return new RefreshToken(this.handlePart, next);
  }
}
