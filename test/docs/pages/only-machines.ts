/** The example of docs/questions/only-machines.md. */
// #region example
import { Get, JsonController } from 'routing-controllers';
import {
  AccessTokenUser,
  type AxiomsRequest,
  BasePermission,
  createExpressServer,
  HasAccessTokenScopes,
  type SettingsInput,
} from 'axioms-routing-controllers';

class OnlyMachines extends BasePermission {
  override readonly needsAuthentication = true;
  override message = 'Only machines may call this';
  override code = 'machines_only';

  override hasPermission({ user }: AxiomsRequest) {
    return user instanceof AccessTokenUser && isClientsOwn(user);
  }
}

// RFC 9068 §2.2: where no user is involved, `sub` is the client.
function isClientsOwn({ claims, subjectClaim }: AccessTokenUser) {
  if (claims.sub === undefined) return subjectClaim === 'client_id'; // Duende, with subjectClaims: ['sub', 'client_id']
  if (claims.idtyp === 'app') return true; // Microsoft Entra ID
  const client = claims.client_id ?? claims.azp;
  if (typeof client !== 'string' || client === '') return false;
  return claims.sub === client || claims.sub === `${client}@clients`; // the second: Auth0
}

@JsonController('/sync')
class SyncController {
  permissionClasses = [OnlyMachines, HasAccessTokenScopes];
  accessTokenScopes = ['sync:run'];

  @Get('/')
  run() {
    return { done: true };
  }
}

export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [SyncController], axioms });
}
// #endregion example
