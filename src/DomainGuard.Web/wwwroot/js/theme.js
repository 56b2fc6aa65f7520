// Before the first paint: the theme that was chosen, else the one the system asks for.
(() => {
  const root = document.documentElement;
  if (!root.dataset.theme) {
    root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
})();
