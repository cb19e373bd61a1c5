import { APIException } from 'axioms-routing-controllers';
class OutOfStock extends APIException {
  static override readonly httpCode = 409;
  static override readonly code = 'out_of_stock';
  static override readonly description = 'This book is sold out';
}

function order(count: number): void {
  if (count === 0) throw new OutOfStock();
}

export {};