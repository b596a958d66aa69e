// Passkeys: asks the site for a challenge, the browser for its answer, and sends that with the form.
// Without this file, or in a browser without passkeys, the forms stay hidden: the code by mail remains.
const able = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);

async function answerTo(form) {
  const body = new URLSearchParams(new FormData(form));
  body.set("act", "options");
  const asked = await fetch(form.action, { method: "POST", body });
  if (!asked.ok) throw new Error(`${asked.status}`);
  const options = await asked.json();
  if (form.dataset.passkey === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

for (const form of able ? document.querySelectorAll("[data-passkey]") : []) {
  const failed = form.querySelector("[data-passkey-failed]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      form.elements.response.value = JSON.stringify(await answerTo(form));
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}
if (able) for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
