import { defineSettings } from 'axioms-routing-controllers';
const text: string = defineSettings({ nonsense: 1 });
export {};