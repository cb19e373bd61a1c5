import { ApiController, CurrentObject } from 'axioms-routing-controllers';
import { Delete, Get, OnUndefined } from 'routing-controllers';
import type { FindOptionsWhere, Repository } from 'typeorm';

/** What every resource can do. Who may do it, the controllers that inherit from this say. */
export abstract class ResourceController<T extends { id: number }> extends ApiController {
  protected abstract readonly repository: Repository<T>;

  override getObject(): Promise<T | null> | null {
    const id = String(this.request.params.id);
    return isId(id) ? this.repository.findOneBy({ id: Number(id) } as FindOptionsWhere<T>) : null;
  }

  @Get('/')
  list() {
    return this.repository.find();
  }

  @Get('/:id')
  retrieve(@CurrentObject() resource: T) {
    return resource;
  }

  @Delete('/:id')
  @OnUndefined(204)
  async destroy(@CurrentObject() resource: T) {
    await this.repository.remove(resource);
  }
}

// As many digits as an integer column of any database holds.
export const isId = (text: string) => /^\d{1,9}$/.test(text);
