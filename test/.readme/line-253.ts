import { defineSettings, settingsFromEnv, Settings } from 'axioms-routing-controllers';
const settings: Settings = defineSettings({
  audience: 'https://api.example.com',
  issuerUrl: 'https://auth.example.com/',
  rolesClaims: ['https://example.com/claims/roles'],
});
const sameFromVariables = defineSettings(settingsFromEnv(process.env));

export {};