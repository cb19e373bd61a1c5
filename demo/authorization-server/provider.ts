import type Provider from 'oidc-provider';

/** oidc-provider, without the notice that it prefers a newer Node; it works on all that the demo is for. */
export async function loadProvider(): Promise<typeof Provider> {
  const { warn } = console;
  console.warn = (...notice: unknown[]) => {
    if (!String(notice[0]).includes('Unsupported runtime')) warn(...notice);
  };
  try {
    return (await import('oidc-provider')).Provider;
  } finally {
    console.warn = warn;
  }
}
