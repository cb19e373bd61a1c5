/** What the user has consented to in detail (RFC 9396). */
import type { Fact, RequirementKind } from '../kind';

/** One element of the claim `authorization_details` must have this type, and all of these actions and locations. */
export interface DetailsRequirement {
  readonly kind: 'details';
  readonly type: string;
  readonly actions?: readonly string[];
  readonly locations?: readonly string[];
  /** Whether code of the app decides besides. No output can show what it decides. */
  readonly byMatches?: true;
}

interface DetailFact extends Fact {
  readonly required: DetailsRequirement;
}

function detail(required: DetailsRequirement): DetailFact {
  const { type, actions, locations, byMatches } = required;
  return {
    key: `details ${JSON.stringify([type, actions, locations, byMatches])}`,
    isOfCaller: true,
    isCustom: byMatches === true,
    isTrueOf: ({ isAuthenticated }) => (isAuthenticated ? undefined : false),
    required,
    implies: other => 'required' in other && isStricter(required, (other as DetailFact).required),
  };
}

/** Tells whether each element that meets the first meets the second. Nothing is known of what code decides. */
function isStricter(first: DetailsRequirement, second: DetailsRequirement): boolean {
  const has = (list: 'actions' | 'locations'): boolean =>
    (second[list] ?? []).every(name => first[list]?.includes(name) === true);
  return second.byMatches !== true && first.type === second.type && has('actions') && has('locations');
}

function listed(
  { type, actions = [], locations = [], byMatches }: DetailsRequirement,
  show: (name: string) => string,
): string {
  const parts = [
    `the authorization detail ${show(type)}`,
    ...(actions.length === 0 ? [] : [`to ${actions.map(show).join(' and ')}`]),
    ...(locations.length === 0 ? [] : [`at ${locations.map(show).join(' and ')}`]),
    ...(byMatches === true ? [`(${show('matches()')} decides besides)`] : []),
  ];
  return parts.join(' ');
}

export const details: RequirementKind<DetailsRequirement> = {
  facts: requirement => [detail(requirement)],
  judge: (requirement, caller) => caller.says(detail(requirement)),
  words: requirement => listed(requirement, name => name),
  documented: requirement => `${listed(requirement, name => `\`${name}\``)} (RFC 9396)`,
  isComplete: ({ type }) => typeof type === 'string',
};
