import { createExpressServer } from 'axioms-routing-controllers';
import { JsonController, Post } from 'routing-controllers';
import {
  AnonRateThrottle,
  ClaimRateThrottle,
  ScopedRateThrottle,
  UserRateThrottle,
} from 'axioms-routing-controllers/throttling';

class TenantThrottle extends ClaimRateThrottle {
  claim = '/organization/id';
  override rate = '1000/minute';
}

@JsonController('/uploads')
class UploadController {
  throttleClasses = [AnonRateThrottle, UserRateThrottle, ScopedRateThrottle, TenantThrottle];
  throttleScope = 'uploads';

  @Post('/')
  create() {
    return { stored: true };
  }
}

const app = createExpressServer({
  controllers: [UploadController],
  axioms: {
    audience: 'https://api.example.com',
    domain: 'auth.example.com',
    throttleRates: { anon: '10/hour', user: '100/hour', uploads: '20/day' },
  },
});

export {};