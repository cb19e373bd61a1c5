import { CurrentObject, IsSubOwner, ApiController } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
const summaries = new Map<number, object>();

@JsonController('/summaries')
class SummaryController extends ApiController {
  override permissionClasses = [IsSubOwner];

  override getObject() {
    return { id: Number(this.request.params.id), user: 'alice' };
  }

  @Get('/:id')
  retrieve(@CurrentObject() { id }: { id: number }) {
    const summary = summaries.get(id) ?? { id, words: 120 };
    summaries.set(id, summary);
    return summary;
  }
}

export {};