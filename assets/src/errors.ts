// What stands in the way of an invoice: said at its field, when the person has left it; all of it after *Create*.
const touched = new Set<string>();
/** Fields of lines, whose ids change when lines are moved. */
const touchedInLines = new WeakSet<Element>();

const isTouched = (field: Element) => (field.closest("invoice-lines") ? touchedInLines.has(field) : touched.has(field.id));
function touch(field: Element): void {
  if (field.closest("invoice-lines")) touchedInLines.add(field);
  else touched.add(field.id);
}

/** A click is over by then. */
const CLICK_MILLISECONDS = 200;

const isAnswered = () => {
  const typed = (document.getElementById("version") as HTMLInputElement | null)?.value;
  return Number(document.getElementById("sums")?.dataset["version"] ?? 0) >= Number(typed ?? 0);
};

function note(field: HTMLElement, text: string): void {
  const known = document.getElementById(`${field.id}-error`);
  if (known?.textContent === text) return;
  clear(field);
  const made = Object.assign(document.createElement("p"), { className: "field-error", id: `${field.id}-error`, textContent: text });
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", made.id);
  field.closest("td, .field, .discount")?.append(made);
}

function clear(field: Element): void {
  document.getElementById(`${field.id}-error`)?.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
  field.removeAttribute("data-refused");
}

const target = (link: HTMLAnchorElement) => {
  const field = document.getElementById(link.hash.slice(1));
  return field?.matches("input, select, textarea") ? field : null;
};

/** Puts the messages of a refused *Create* at their fields, and the focus on their summary. */
export function showErrors(): void {
  const summary = document.querySelector<HTMLElement>("[data-errors]:not([data-shown])");
  if (!summary) return;
  summary.dataset["shown"] = "";
  for (const link of summary.querySelectorAll<HTMLAnchorElement>("a[href^='#']")) {
    const field = target(link);
    if (!field) continue;
    touch(field);
    note(field, link.textContent ?? "");
    field.setAttribute("data-refused", "");
  }
  summary.focus();
}

/** After each look at the form: what is missing at fields that were left, and what is wrong anywhere. */
export function showMissing(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("#missing a[href^='#']")];
  const wrong = new Map(
    links.flatMap((link) => {
      const field = target(link);
      const isDue = field && (link.hasAttribute("data-now") || isTouched(field));
      return isDue ? [[field, link.textContent ?? ""] as const] : [];
    }),
  );
  for (const field of document.querySelectorAll("#invoice-form [aria-invalid]")) {
    // What QuickBooks itself refused stays until the field is changed.
    if (!wrong.has(field as HTMLElement) && !field.hasAttribute("data-refused")) clear(field);
  }
  for (const [field, text] of wrong) note(field, text);
  document.querySelector("#create")?.setAttribute("aria-disabled", String(links.length > 0));
}

document.addEventListener("input", (event) => {
  const field = event.target as Element;
  if (field.hasAttribute("data-refused")) clear(field);
});

document.addEventListener("focusout", (event) => {
  const field = event.target as HTMLElement;
  if (!field.id || !field.closest("#invoice-form")) return;
  touch(field);
  // Not between press and release of the click that took the focus away: a message moves what is below it. And not before the answer to
  // what was typed last, which says what is still missing.
  setTimeout(() => isAnswered() && showMissing(), CLICK_MILLISECONDS);
});

// A link in a summary leads to its field; in a frame it must not change the address.
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("[data-errors] a, #missing a");
  const field = link && target(link);
  if (!link) return;
  event.preventDefault();
  field?.focus();
});
