/** The switch between the light and the dark theme. A classic script, so that it runs before anything is painted. */
{
  const kept = localStorage.getItem('theme');
  if (kept !== null) document.documentElement.dataset['theme'] = kept;

  const current = (): string => {
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    return document.documentElement.dataset['theme'] ?? system;
  };

  document.addEventListener('DOMContentLoaded', () => {
    const control = document.getElementById('theme');
    control?.setAttribute('aria-pressed', String(current() === 'dark'));
    control?.addEventListener('click', () => {
      const next = current() === 'dark' ? 'light' : 'dark';
      document.documentElement.dataset['theme'] = next;
      localStorage.setItem('theme', next);
      control.setAttribute('aria-pressed', String(next === 'dark'));
    });
  });
}
