import { RequiresDPoP } from 'axioms-routing-controllers';
import { Get, JsonController } from 'routing-controllers';

/** Stricter than the setting `dpop: 'allowed'`: a stolen token opens nothing here. */
@JsonController('/vault')
export class VaultController {
  permissionClasses = [RequiresDPoP];

  @Get('/')
  open() {
    return { message: 'Vault opened.' };
  }
}
