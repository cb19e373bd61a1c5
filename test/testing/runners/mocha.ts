import { registerSuite } from './suite';

registerSuite({ describe, it, before, after });
