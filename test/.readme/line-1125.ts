import { createExpressServer, CurrentObject, IsSubOwner, ApiController } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
@JsonController('/drafts')
class DraftController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerAttribute = 'authorSub';
  override ownerIssuerAttribute = 'authorIss';

  override getObject() {
    return { authorSub: 'alice', authorIss: 'https://id.example.com' };
  }

  @Get('/:id')
  retrieve(@CurrentObject() draft: object) {
    return draft;
  }
}

const app = createExpressServer({
  controllers: [DraftController],
  axioms: {
    issuers: [
      { issuerUrl: 'https://id.example.com', audience: 'https://api.example.com' },
      { issuerUrl: 'https://partner.example.org', audience: 'partner-api', rolesClaims: ['groups'] },
    ],
  },
});

export {};