// What the page does by itself: fields change in place, forms are sent without leaving the page, and what somebody else
// has changed shows within seconds. Without this script, forms post and the page loads anew.
const POLL = 2000;

/** Takes the parts that may change out of the page as it is now; a part in which somebody writes is left alone. */
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
  } catch { /* the next time */ }
}, POLL);

function open(form, shown, on) {
  form.hidden = !on;
  if (shown) shown.hidden = on;
  form.toggleAttribute("data-open", on);
  if (on) form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

document.addEventListener("click", ({ target }) => {
  const edit = target.closest("button.edit");
  if (edit?.dataset.part) {
    const row = document.querySelector(`[data-part-form="${edit.dataset.part}"]`);
    row.hidden = false;
    open(row.querySelector("form"), null, true);
  } else if (edit) {
    const field = edit.closest(".field");
    open(field.querySelector("form"), field.querySelector(".shown"), true);
  }
  const cancel = target.closest("button.cancel");
  if (cancel) {
    const form = cancel.closest("form");
    const row = form.closest("[data-part-form]");
    if (row) row.hidden = true;
    form.reset();
    form.querySelector(".error")?.remove();
    open(form, form.closest(".field")?.querySelector(".shown"), false);
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
    const why = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".message")?.textContent;
    form.append(Object.assign(document.createElement("p"), { className: "error", role: "alert", textContent: why ?? String(answer.status) }));
  }
});
