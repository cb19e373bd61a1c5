/** What a browser keeps between the beginning of a login and its end: encrypted, short-lived, in a cookie. */
import { EncryptJWT, jwtDecrypt } from 'jose';

/** One login that began. */
export interface LoginTicket {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  /** RFC 7636: the proof that the code is redeemed by whoever asked for it. */
  readonly verifier: string;
  readonly returnTo: string;
}

const names = ['provider', 'state', 'nonce', 'verifier', 'returnTo'] as const;

/** Writes and reads tickets; only this server can do either. */
export class LoginTickets {
  constructor(
    /** 256 bits. */
    private readonly key: Uint8Array,
    /** Seconds. */
    readonly lifetime: number,
    private readonly clock: () => number,
  ) {}

  async write(ticket: LoginTicket): Promise<string> {
    const expires = Math.floor(this.clock() / 1000) + this.lifetime;
    const jwt = new EncryptJWT({ ...ticket }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
    return jwt.setExpirationTime(expires).encrypt(this.key);
  }

  /** @returns `undefined` for everything that is not a ticket of ours, or is too old. */
  async read(text: string): Promise<LoginTicket | undefined> {
    try {
      const { payload } = await jwtDecrypt(text, this.key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp', ...names],
        currentDate: new Date(this.clock()),
      });
      return payload as unknown as LoginTicket;
    } catch {
      // Why it is none says nothing that anybody could use: it is not ours.
      return undefined;
    }
  }
}
