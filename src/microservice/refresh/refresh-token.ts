/** What a refresh token is: opaque, 256 bits that only the client has, and 128 that find its family. */
import { randomBytes } from 'node:crypto';
import { hashOf, type Secrets } from '../secrets';

const handleBytes = 16;
const secretBytes = 32;

/** A refresh token. Its family's handle is the same in all tokens of the family; the rest is new in each. */
export class RefreshToken {
  private constructor(
    private readonly handlePart: Buffer,
    private readonly secretPart: Buffer,
  ) {}

  static random(): RefreshToken {
    return new RefreshToken(randomBytes(handleBytes), randomBytes(secretBytes));
  }

  /** @returns `undefined` where the text is no refresh token. */
  static parse(text: string): RefreshToken | undefined {
    if (!/^[\w-]{64}$/.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    return new RefreshToken(bytes.subarray(0, handleBytes), bytes.subarray(handleBytes));
  }

  /** What the client keeps. */
  get text(): string {
    return Buffer.concat([this.handlePart, this.secretPart]).toString('base64url');
  }

  /** What the family is found by. */
  get handle(): string {
    return hashOf(this.handlePart);
  }

  /** What the store knows of it. */
  get hash(): string {
    return hashOf(this.text);
  }

  /**
   * The token that follows this one: always the same, so that whoever lost a race, or the answer, gets what the winner
   * got, although the store has nothing but a hash of it.
   */
  successor(familyId: string, generation: number, secrets: Secrets): RefreshToken {
    const next = secrets.hmac('refresh token successor', this.text, familyId, String(generation));
    return new RefreshToken(this.handlePart, next);
  }
}
