// Edits fields in place, submits forms without leaving the page, and polls for changes by others. Without this script,
// forms post and the page reloads.
const POLL_INTERVAL_MS = 2000;

/** Loads the page again and replaces the parts that have changed, except those with an open form. */
export async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (!now || part.querySelector("form[data-open]") || now.innerHTML === part.dataset.was) continue;
    part.dataset.was = now.innerHTML;
    part.innerHTML = now.innerHTML;
  }
  document.body.dataset.version = fresh.body.dataset.version;
}
for (const part of document.querySelectorAll("[data-live]")) part.dataset.was = part.innerHTML;

setInterval(async () => {
  if (document.hidden || !document.querySelector("[data-live]")) return;
  try {
    const version = await (await fetch("/version")).text();
    if (/^\d+$/.test(version) && version !== document.body.dataset.version) await refresh();
  } catch { /* The next poll tries again. */ }
}, POLL_INTERVAL_MS);

function toggleForm(form, display, isOpen) {
  form.hidden = !isOpen;
  if (display) display.hidden = isOpen;
  form.toggleAttribute("data-open", isOpen);
  if (isOpen) form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

document.addEventListener("click", ({ target }) => {
  const edit = target.closest("button.edit");
  if (edit?.dataset.part) {
    const row = document.querySelector(`[data-part-form="${edit.dataset.part}"]`);
    row.hidden = false;
    toggleForm(row.querySelector("form"), null, true);
  } else if (edit) {
    const field = edit.closest(".field");
    toggleForm(field.querySelector("form"), field.querySelector(".shown"), true);
  }
  const cancel = target.closest("button.cancel");
  if (cancel) {
    const form = cancel.closest("form");
    const row = form.closest("[data-part-form]");
    if (row) row.hidden = true;
    form.reset();
    form.querySelector(".error")?.remove();
    toggleForm(form, form.closest(".field")?.querySelector(".shown"), false);
    if (row) form.hidden = false;
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-submit]")) target.form.submit();
  if (target.matches("[data-prices]")) target.form.elements.item_price.value = target.selectedOptions[0]?.dataset.price ?? "";
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const path = new URL(form.action).pathname;
  if (!path.startsWith("/edit/") || path.endsWith("/delete")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter ?? undefined);
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
  form.querySelector(".error")?.remove();
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.ok) {
    form.removeAttribute("data-open");
    form.closest("details")?.removeAttribute("open");
    form.reset();
    await refresh();
  } else {
    const message = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".message")?.textContent;
    form.append(Object.assign(document.createElement("p"), { className: "error", role: "alert", textContent: message ?? String(answer.status) }));
  }
});
