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
  :root { color-scheme: light dark; }
  body {
    display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 1rem; box-sizing: border-box;
    background: light-dark(#f5f6f8, #0e1117); color: light-dark(#151a23, #e8ebf1);
    font: 1rem/1.5 Inter, system-ui, sans-serif; text-align: center;
  }
  main {
    max-width: 24rem; padding: 2rem; border: 1px solid light-dark(#dfe3ea, #2a3240); border-radius: 0.75rem;
    background: light-dark(#fff, #161b24);
  }
  h1 { margin: 0; font-size: 1.375rem; letter-spacing: -0.02em; }
  p { margin: 0.5rem 0 1.25rem; color: light-dark(#545d6d, #a3adbd); }
  button {
    min-width: 6rem; padding: 0.5rem 1.25rem; border: 0; border-radius: 0.5rem; font: inherit; font-weight: 500;
    background: light-dark(#3346c8, #a5b4ff); color: light-dark(#fff, #10142c); cursor: pointer;
  }
  button:hover { filter: brightness(1.08); }
  :focus-visible { outline: 2px solid light-dark(#3346c8, #a5b4ff); outline-offset: 2px; }
</style>
<main>
${content}
</main>`;
}
