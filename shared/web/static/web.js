// The choice of a theme, and live parts that connect in the end. All pages work without this file.
const root = document.documentElement;
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
  });
}

// htmx connects again after a stream has broken, but not where the first try fails: then we do.
const RETRY_MS = 2000;
const finished = new WeakSet();
document.addEventListener("htmx:sse:close", ({ target, detail }) => {
  if (detail.reason === "message") finished.add(target);
});
document.addEventListener("htmx:finally:request", ({ target, detail }) => {
  const address = target.getAttribute("hx-sse:connect");
  const status = detail.ctx.response?.status ?? 503;
  const mayHelp = status >= 500 || status === 429;
  if (!address || finished.has(target) || target._htmx?.sse || !mayHelp) return;
  setTimeout(() => htmx.ajax("GET", address, { source: target, timeout: 60000 }), RETRY_MS);
});
