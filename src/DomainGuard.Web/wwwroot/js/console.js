// One small script: it names what a key means and sends the name to the circuit; there is one table of keys, on the server (KeyTable.cs).
window.domainGuard = (() => {
  let receiver = null;
  let listener = '';
  let table = {};
  let prefix = '';
  let prefixTimer = 0;

  const typing = target => target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  document.addEventListener('keydown', event => {
    if (!receiver || event.altKey || event.metaKey || event.ctrlKey || typing(event.target)) return;
    const key = prefix + event.key;
    clearTimeout(prefixTimer);
    prefix = '';
    if (Object.keys(table).some(k => k.startsWith(key + ' '))) {
      prefix = key + ' ';
      prefixTimer = setTimeout(() => { prefix = ''; }, 1000);
      return;
    }
    const action = table[key];
    if (!action) return;
    event.preventDefault();
    if (action === 'search') {
      document.getElementById('search')?.focus();
      return;
    }
    receiver.invokeMethodAsync('OnKeyAsync', action);
  });

  document.addEventListener('click', event => {
    if (event.target instanceof HTMLElement && event.target.closest('[data-action="reload"]')) location.reload();
  });

  return {
    listen(keys, dotnet, id) { table = keys; receiver = dotnet; listener = id; document.documentElement.dataset.keys = 'on'; },
    // A layout that goes after its successor came must not silence it.
    silence(id) { if (listener === id) receiver = null; },
    theme: () => document.documentElement.dataset.theme || 'light',
    setTheme(name) {
      document.documentElement.dataset.theme = name;
      document.cookie = `theme=${name};path=/;max-age=31536000;samesite=lax`;
    },
    copy: text => navigator.clipboard.writeText(text),
    isNarrow: () => matchMedia('(max-width: 699px)').matches,
    download(url) { location.assign(url); },
  };
})();
