"use strict";
// Asks the browser for a passkey and sends its answer as a form. The page works without this.
(() => {
  const form = document.getElementById("passkey");
  if (!form || !window.PublicKeyCredential) return;
  const button = form.querySelector("button");
  const problem = form.querySelector("[role=alert]");
  let waiting = null;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  async function question() {
    const answer = await fetch(form.dataset.question, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-Gatewright-Request": "1", Accept: "application/json" },
    });
    if (!answer.ok) throw new Error("refused");
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    for (const one of options.allowCredentials ?? []) one.id = bytes(one.id);
    return options;
  }

  function send(credential) {
    const { response } = credential;
    form.elements.answer.value = JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: response.userHandle ? text(response.userHandle) : undefined,
      },
    });
    form.submit();
  }

  async function ask(mediation) {
    waiting?.abort();
    const mine = new AbortController();
    waiting = mine;
    const publicKey = await question();
    if (mine.signal.aborted) return;
    send(await navigator.credentials.get({ publicKey, mediation, signal: mine.signal }));
  }

  button.addEventListener("click", async () => {
    problem.hidden = true;
    button.disabled = true;
    try {
      await ask("optional");
    } catch {
      problem.textContent = "No passkey was used. Try again, or sign in another way.";
      problem.hidden = false;
    }
    button.disabled = false;
  });
  form.hidden = false;

  if (form.dataset.conditional) {
    PublicKeyCredential.isConditionalMediationAvailable?.()
      .then((available) => available && ask("conditional"))
      // Nobody asked for it, so nobody is told that it did not work.
      .catch(() => {});
  }
})();
