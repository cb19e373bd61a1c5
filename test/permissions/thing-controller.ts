/** A controller whose rules a test gives: they become members of each object, getters too. */
import { IsInt } from 'class-validator';
import { Body, Delete, Get, JsonController, Post, Put } from 'routing-controllers';
import type { ApiView } from 'axioms-routing-controllers';

class Thing {
  @IsInt() size!: number;
}

export type Members = object & ThisType<ApiView>;

export function thingController(path: string, members: Members): new () => object {
  @JsonController(path)
  class ThingController {
    declare request: ApiView['request'];
    declare action: string;

    constructor() {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(members));
    }

    @Get('/') list() {
      return this.seen();
    }

    @Get('/:id') retrieve() {
      return this.seen();
    }

    @Post('/') create(@Body() thing: Thing) {
      return { ...this.seen(), size: thing.size };
    }

    @Put('/:id') update() {
      return this.seen();
    }

    @Delete('/:id') destroy() {
      return this.seen();
    }

    private seen() {
      return { action: this.action, method: this.request.method };
    }
  }
  return ThingController;
}
