import { createExpressServer } from 'axioms-routing-controllers';
const app = createExpressServer({ cors: true, controllers: ['controllers/*.js'] });

export {};