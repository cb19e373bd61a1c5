/** What a newcomer reads first: who can do what, and requests to try it with. */
import { accounts } from './accounts';
import { aligned } from './aligned';
import { requestsToTry } from './curl';
import type { Demo } from './demo';
import { rules, type Rule } from './rules/table';
import { ged } from './users';

export async function guide(demo: Demo): Promise<string> {
  return `
The page to start at  ${demo.api.url}/
Swagger UI            ${demo.api.url}/docs
API                   ${demo.apiUrls.join(', and once more, ')}
Authorization server  ${demo.issuer.url}
To log out there      ${demo.issuer.url}/session/end

Who is who, by their access tokens:

${whoIsWho()}

ged is a user of the API itself, with the password ${ged.password}; the others are the authorization server's.

Who can do what, by the status of the answer:

${whoCanDoWhat()}

Requests to try; their tokens are good for an hour:

${await requestsToTry(demo)}

Ctrl-C ends the demo.`;
}

function whoIsWho(): string {
  const rows = Object.entries({ ...accounts, [ged.name]: ged }).map(([name, { roles, permissions, scopes }]) =>
    [[name], roles, permissions, scopes].map(words => words.join(' ')),
  );
  return aligned([['', 'roles', 'permissions', 'scopes'], ...rows]);
}

function whoCanDoWhat(): string {
  const rows = rules.filter(isFirstOfItsRequest).map(([request, statuses]) => [request, ...statuses.map(String)]);
  return aligned([['', 'anonymous', 'bob', 'alice', 'machine'], ...rows]);
}

function isFirstOfItsRequest([request]: Rule, index: number): boolean {
  return rules.findIndex(([other]) => other === request) === index;
}
