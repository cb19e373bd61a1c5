import { ScopedRateThrottle } from 'axioms-routing-controllers/throttling';
import { Get, JsonController } from 'routing-controllers';

/** Costly, so that each caller gets only so many a minute: how many, the setting `throttleRates` says. */
@JsonController('/exports')
export class ExportController {
  throttleClasses = [ScopedRateThrottle];
  throttleScope = 'exports';

  @Get('/')
  read() {
    return { message: 'Exported.' };
  }
}
