/** A page of the authorization server's. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
  body { font: 1.125rem/1.5 system-ui, sans-serif; display: grid; place-content: center; min-height: 90vh; text-align: center; }
  button { font: inherit; padding: 0.5rem 1.5rem; cursor: pointer; }
</style>
<main>
${content}
</main>`;
}
