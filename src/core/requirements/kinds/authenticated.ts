/** Any authenticated caller. */
import { authenticated as fact, type RequirementKind } from '../kind';

/**
 * Admits any authenticated caller, and anonymous ones if the setting `publicMethods` or an authentication class makes
 * the method public.
 */
export interface AuthenticatedRequirement {
  readonly kind: 'authenticated';
  readonly orPublicMethod?: true;
}

export const authenticated: RequirementKind<AuthenticatedRequirement> = {
  facts: () => [fact],
  judge: (_, caller) => caller.says(fact),
  words: ({ kind }) => kind,
  documented: () => 'any authenticated caller',
  isComplete: () => true,
};
