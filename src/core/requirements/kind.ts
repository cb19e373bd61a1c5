/** What a kind of requirement brings along: its words, its judgement, and its form in a snapshot. */
import type { Grants } from '../tokens/claims';

/** `undefined`: it is not known. */
export type Truth = boolean | undefined;

/** A caller of a real request. */
export interface Identity {
  readonly isAuthenticated: boolean;
  readonly grants: Grants;
}

/** Something that is true or false of a caller, such as "has the scope book:read". */
export interface Fact {
  /** Equal for equal facts. */
  readonly key: string;
  /** Is it false of every anonymous caller? */
  readonly isOfCaller: boolean;
  /** Can only code decide it? Two rules of the same name may then still decide differently. */
  readonly isCustom?: boolean;
  /** Would a token with more scopes make it true? */
  readonly isScope?: boolean;
  /** @returns `undefined` where more than the identity decides, such as an object */
  isTrueOf(identity: Identity): Truth;
}

/** A caller as far as it is known: that of a request, or one that a search makes up. */
export interface Caller {
  /** The HTTP method, in capitals; `undefined`: not known. */
  readonly method: string | undefined;
  says(fact: Fact): Truth;
}

/** One kind of requirement. To add a kind, write its file in `kinds/` and its line in `requirement.ts`. */
export interface RequirementKind<Of extends { readonly kind: string }> {
  /** The facts about the caller that decide it. */
  facts(requirement: Of): readonly Fact[];
  judge(requirement: Of, caller: Caller): Truth;
  /** The requirement as text, for tables and messages. */
  words(requirement: Of): string;
  /** The requirement in Markdown, for an OpenAPI description. */
  documented(requirement: Of): string;
  /** Has this value, which is of the kind, the members of the kind? */
  isComplete(value: Readonly<Record<string, unknown>>): boolean;
  /** Is it about the object of a request, so that it asks nothing where there is no object? */
  readonly isAboutObject?: boolean;
}

export const authenticated: Fact = {
  key: 'authenticated',
  isOfCaller: true,
  isTrueOf: ({ isAuthenticated }) => isAuthenticated,
};
