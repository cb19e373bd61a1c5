/** Text, bytes and base64url (RFC 4648 §5). */

export function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** 256 bits. */
export function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Reads one part of a JWT. Only for showing and comparing: nothing is verified. */
export function jsonIn(part: string): Readonly<Record<string, unknown>> {
  const bytes = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  const text = new TextDecoder().decode(Uint8Array.from(bytes, character => character.charCodeAt(0)));
  return JSON.parse(text) as Record<string, unknown>;
}

export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return jsonIn(token.split('.')[1] ?? '');
}
