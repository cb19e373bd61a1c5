/** The interface of a kind of requirement: its words, its judgment, and its form in a snapshot. */
import type { Grants } from '../tokens/claims';

/** `undefined` means unknown. */
export type Truth = boolean | undefined;

/** A caller of a real request. */
export interface Identity {
  readonly isAuthenticated: boolean;
  readonly grants: Grants;
  /** Whether the caller has proved the key of its access token (RFC 9449); `undefined` if that is not known. */
  readonly isProven?: boolean;
}

/** Something that is true or false of a caller, such as "has the scope book:read". */
export interface Fact {
  /** Equal for equal facts. */
  readonly key: string;
  /** Whether the fact is false of every anonymous caller. */
  readonly isOfCaller: boolean;
  /** Whether only code can decide the fact. Two rules of the same name may then still decide differently. */
  readonly isCustom?: boolean;
  /** Whether a token with more scopes would make the fact true. */
  readonly isScope?: boolean;
  /**
   * Tells whether the fact is true of a caller.
   *
   * @returns `undefined` if more than the identity decides, such as an object
   */
  isTrueOf(identity: Identity): Truth;
  /** Tells whether every caller with this fact has the other one, too. Default: for no other fact. */
  implies?(other: Fact): boolean;
  /** Tells whether no caller has this fact and the other one. Default: for no other fact. */
  excludes?(other: Fact): boolean;
}

/** What is known of a caller: of the caller of a request, or of one that a search makes up. */
export interface Caller {
  /** The HTTP method, in capitals; `undefined` if it is not known. */
  readonly method: string | undefined;
  /** Set for the caller of a request: what was granted then needs no facts. */
  readonly identity?: Identity;
  says(fact: Fact): Truth;
}

/** One kind of requirement. To add a kind, write its file in `kinds/` and its line in `requirement.ts`. */
export interface RequirementKind<Of extends { readonly kind: string }> {
  /** The facts about the caller that decide it. */
  facts(requirement: Of): readonly Fact[];
  judge(requirement: Of, caller: Caller): Truth;
  /** The requirement as text, for tables and messages. */
  words(requirement: Of): string;
  /** The negated requirement as text. Default: "not" and the words. */
  wordsOfNegation?(requirement: Of): string;
  /** The requirement in Markdown, for an OpenAPI description. */
  documented(requirement: Of): string;
  /** Tells whether a value of this kind has all members of the kind. */
  isComplete(value: Readonly<Record<string, unknown>>): boolean;
  /** Whether the requirement is about the object of a request. Without an object it requires nothing. */
  readonly isAboutObject?: boolean;
}

export const authenticated: Fact = {
  key: 'authenticated',
  isOfCaller: true,
  isTrueOf: ({ isAuthenticated }) => isAuthenticated,
};
