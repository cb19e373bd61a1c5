/** Any authenticated caller. */
import { authenticated as fact, type RequirementKind } from '../kind';

/**
 * An authenticated caller, or any caller where the setting `publicMethods` or an authentication class says that the
 * method is public.
 */
export interface AuthenticatedRequirement {
  readonly kind: 'authenticated';
  readonly orPublicMethod?: true;
}

export const authenticated: RequirementKind<AuthenticatedRequirement> = {
  facts: () => [fact],
  judge: (_, caller) => caller.says(fact),
  words: ({ kind }) => kind,
  documented: () => 'whoever is authenticated',
  isComplete: () => true,
};
