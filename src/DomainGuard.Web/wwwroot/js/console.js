// One small script: it names what a key means and sends the name to the circuit; there is one table of keys, on the server (KeyTable.cs).
window.domainGuard = (() => {
  let receiver = null;
  let listener = '';
  let table = {};
  let prefix = '';
  let prefixTimer = 0;
  // Keys reach the circuit one after the other: what is sent with the third was opened by the second. None waits longer than two seconds for the one before.
  let line = Promise.resolve();
  // A key that opens a form: what is typed before the form is there belongs into it, and is no key.
  const opening = /^(confirm|unverify|override|dismiss|snooze|restore|comment)$/;
  let held = null;
  let single = localStorage.getItem('keys') || 'on';
  let heldTimer = 0;

  const hold = () => {
    held = '';
    clearTimeout(heldTimer);
    heldTimer = setTimeout(() => { held = null; }, 3000);
  };

  const release = field => {
    if (held && field && /^(INPUT|TEXTAREA)$/.test(field.tagName)) {
      field.value += held;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    held = null;
    clearTimeout(heldTimer);
  };

  const typing = target => target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  // The name of a key as the table writes it. Escape, and what is sent with Ctrl, count while typing too.
  const nameOf = event => {
    if (event.ctrlKey || event.metaKey) return event.key === 'Enter' ? 'Ctrl+Enter' : '';
    return event.shiftKey && /^[A-Za-z]$/.test(event.key) ? 'Shift+' + event.key.toLowerCase() : event.key;
  };

  document.addEventListener('keydown', event => {
    if (!receiver || event.altKey || event.isComposing) return;
    const name = nameOf(event);
    // Single keys can be switched off (WCAG 2.1.4); what closes and what sends stays.
    if (single === 'off' && name !== 'Escape' && name !== 'Ctrl+Enter' && name !== 'Enter') return;
    if (!name || (typing(event.target) && name !== 'Escape' && name !== 'Ctrl+Enter')) return;
    // A dialog has its own keys; Enter on a link or button is a click.
    if (document.querySelector('.mud-dialog') || (name === 'Enter' && event.target.closest?.('a, button, summary'))) return;
    if (name === 'Escape' && typing(event.target)) {
      event.target.blur();
      if (!event.target.closest('#decide')) return;
    }
    if (held !== null && (event.key.length === 1 || event.key === 'Enter') && name !== 'Ctrl+Enter') {
      if (event.key.length === 1) held += event.key;
      event.preventDefault();
      return;
    }
    const key = prefix + name;
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
    if (opening.test(action)) hold();
    const to = receiver;
    line = line.then(() => Promise.race([to.invokeMethodAsync('OnKeyAsync', action), new Promise(over => setTimeout(over, 2000))])).catch(() => {}).then(() => {
      // It opened nothing: a moment later keys are keys again.
      if (held !== null) { clearTimeout(heldTimer); heldTimer = setTimeout(() => release(null), 400); }
    });
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
    // What has the focus in a form keeps it: only a row or nothing gives it up to the next row.
    follow(id) {
      release(null);
      const row = document.getElementById(id);
      row?.scrollIntoView({ block: 'nearest' });
      if (row && (document.activeElement === document.body || document.activeElement.id === 'main' || document.activeElement.matches('[role=row]'))) row.focus({ preventScroll: true });
    },
    focus(id) {
      const field = document.getElementById(id);
      field?.focus();
      release(field);
    },
    keys: () => single,
    setKeys(on) { single = on ? 'on' : 'off'; localStorage.setItem('keys', single); },
    copy: text => navigator.clipboard?.writeText(text),
    isNarrow: () => matchMedia('(max-width: 699px)').matches,
    download(url) { location.assign(url); },
  };
})();
