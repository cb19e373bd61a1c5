/** The state of a login, which the browser keeps in a short-lived, encrypted cookie. */
import { EncryptJWT, jwtDecrypt, type JWTPayload } from 'jose';

/** A login that has begun. */
export interface LoginTicket {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  /** The PKCE verifier (RFC 7636): it proves that the code is redeemed by the client that requested it. */
  readonly verifier: string;
  readonly returnTo: string;
}

const names = ['provider', 'state', 'nonce', 'verifier', 'returnTo'] as const;

/** Encrypts and decrypts tickets with a key that only this server has. */
export class LoginTickets {
  constructor(
    /** 256 bits. */
    private readonly key: Uint8Array,
    /** In seconds. */
    readonly lifetime: number,
    private readonly clock: () => number,
  ) {}

  async write(ticket: LoginTicket): Promise<string> {
    const expires = Math.floor(this.clock() / 1000) + this.lifetime;
    const jwt = new EncryptJWT({ ...ticket }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
    return jwt.setExpirationTime(expires).encrypt(this.key);
  }

  /** Returns when a ticket expires, in seconds since 1970; 0 if it cannot be read or has expired. */
  async endOf(text: string): Promise<number> {
    return (await this.#payloadOf(text))?.exp ?? 0;
  }

  /** Decrypts a ticket. Returns `undefined` for any other text, and for an expired ticket. */
  async read(text: string): Promise<LoginTicket | undefined> {
    return (await this.#payloadOf(text)) as LoginTicket | undefined;
  }

  async #payloadOf(text: string): Promise<(JWTPayload & Partial<LoginTicket>) | undefined> {
    try {
      const { payload } = await jwtDecrypt(text, this.key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp', ...names],
        currentDate: new Date(this.clock()),
      });
      return payload;
    } catch {
      // The reason does not matter: it is not a ticket of this server.
      return undefined;
    }
  }
}
