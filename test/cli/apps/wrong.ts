/** An app whose rules stop its start. */
import { Get, JsonController } from 'routing-controllers';
import { HasAccessTokenScopes, type AxiomsServerOptions } from 'axioms-routing-controllers';

@JsonController('/wrong')
class WrongController {
  permissionClasses = [HasAccessTokenScopes];
  @Get() list() {
    return [];
  }
}

const options: AxiomsServerOptions = {
  controllers: [WrongController],
  axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:9' },
};
export default options;
