import { AllowAny } from 'axioms-routing-controllers';
import { Get, JsonController } from 'routing-controllers';

/** Open to everybody: the rule is explicit, because closed is the default. */
@JsonController('/public')
export class PublicController {
  permissionClasses = [AllowAny];

  @Get('/')
  read() {
    return { message: 'This is a public message!' };
  }
}
