import { createExpressServer, AccessTokenAuthentication, IntrospectionAuthentication, or } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
@JsonController('/shelves')
class ShelfController {
  authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication];

  @Get('/')
  list() {
    return [];
  }
}

const app = createExpressServer({
  controllers: [ShelfController],
  axioms: {
    audience: 'https://api.example.com',
    issuerUrl: 'https://auth.example.com',
    introspectionClientId: 'books-api',
    introspectionClientSecret: process.env.INTROSPECTION_SECRET, // or introspectionClientKey
  },
});

export {};