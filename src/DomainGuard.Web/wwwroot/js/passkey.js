// Passkeys on the static pages: a form with data-passkey asks the server for the question, the authenticator for the answer, and sends the answer as an ordinary form.
(() => {
  const isAddress = /^(\d+\.){3}\d+$|^\[/.test(location.hostname);
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON || !window.isSecureContext || isAddress) return;
  document.documentElement.dataset.passkeys = 'on';

  const answer = async form => {
    const response = await fetch(form.dataset.question, { method: 'POST', body: new URLSearchParams({ __RequestVerificationToken: form.elements.__RequestVerificationToken.value }) });
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    const question = await response.json();
    return form.dataset.passkey === 'create'
      ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(question) })
      : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(question) });
  };

  document.addEventListener('submit', async event => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.passkey) return;
    event.preventDefault();
    const told = form.querySelector('[role=status]');
    const button = form.querySelector('button');
    button.disabled = true;
    told.textContent = '';
    try {
      form.querySelector('[data-answer]').value = JSON.stringify(await answer(form));
      form.submit();
    } catch (problem) {
      told.textContent = problem.name === 'NotAllowedError' || problem.name === 'AbortError'
        ? 'The passkey was not used. Try again, or take another way.'
        : problem.name === 'InvalidStateError' ? 'This device holds a passkey for you already.' : `The passkey could not be used. ${problem.message}`;
      button.disabled = false;
    }
  });
})();
