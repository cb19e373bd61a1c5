import { Claim } from 'axioms-routing-controllers';
import { Get, JsonController } from 'routing-controllers';

/** Says nothing about who may come, so a valid token is needed. */
@JsonController('/protected')
export class ProtectedController {
  @Get('/')
  read(@Claim('sub') sub: string) {
    return { message: 'This is a protected message!', sub };
  }
}
