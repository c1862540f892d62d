// Messages at the fields of the form. An empty field shows its message when it was left, or after *Create*.
const touched = new Set<string>();
/** Fields of lines, whose ids change when lines are moved. */
const touchedInLines = new WeakSet<Element>();

const isTouched = (field: Element) => (field.closest("invoice-lines") ? touchedInLines.has(field) : touched.has(field.id));
function touch(field: Element): void {
  if (field.closest("invoice-lines")) touchedInLines.add(field);
  else touched.add(field.id);
}

/** Upper bound for the duration of a click. */
const CLICK_MILLISECONDS = 200;

/** Whether the totals on the page were computed from the latest input. */
const isUpToDate = () => {
  const typed = (document.getElementById("version") as HTMLInputElement | null)?.value;
  return Number(document.getElementById("sums")?.dataset["version"] ?? 0) >= Number(typed ?? 0);
};

function setMessage(field: HTMLElement, text: string): void {
  const existing = document.getElementById(`${field.id}-error`);
  if (existing?.textContent === text) return;
  clearMessage(field);
  const message = Object.assign(document.createElement("p"), { className: "field-error", id: `${field.id}-error`, textContent: text });
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", message.id);
  field.closest("td, .field, .discount")?.append(message);
}

function clearMessage(field: Element): void {
  document.getElementById(`${field.id}-error`)?.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
  field.removeAttribute("data-refused");
}

const linkedField = (link: HTMLAnchorElement) => {
  const field = document.getElementById(link.hash.slice(1));
  return field?.matches("input, select, textarea") ? field : null;
};

/** After *Create* was refused: shows the messages at their fields, and focuses the summary. */
export function showErrors(): void {
  const summary = document.querySelector<HTMLElement>("[data-errors]:not([data-shown])");
  if (!summary) return;
  summary.dataset["shown"] = "";
  for (const link of summary.querySelectorAll<HTMLAnchorElement>("a[href^='#']")) {
    const field = linkedField(link);
    if (!field) continue;
    touch(field);
    setMessage(field, link.textContent ?? "");
    field.setAttribute("data-refused", "");
  }
  summary.focus();
}

/** After each preview: shows empty fields that were left, and invalid input anywhere. */
export function showMissing(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("#missing a[href^='#']")];
  const wrong = new Map(
    links.flatMap((link) => {
      const field = linkedField(link);
      const isDue = field && (link.hasAttribute("data-now") || isTouched(field));
      return isDue ? [[field, link.textContent ?? ""] as const] : [];
    }),
  );
  for (const field of document.querySelectorAll("#invoice-form [aria-invalid]")) {
    // A refusal by QuickBooks stays until the field is changed.
    if (!wrong.has(field as HTMLElement) && !field.hasAttribute("data-refused")) clearMessage(field);
  }
  for (const [field, text] of wrong) setMessage(field, text);
  document.querySelector("#create")?.setAttribute("aria-disabled", String(links.length > 0));
}

document.addEventListener("input", (event) => {
  const field = event.target as Element;
  if (field.hasAttribute("data-refused")) clearMessage(field);
});

document.addEventListener("focusout", (event) => {
  const field = event.target as HTMLElement;
  if (!field.id || !field.closest("#invoice-form")) return;
  touch(field);
  // Waits for the end of the click that moved the focus, because a message moves the elements below it. Also waits for the preview of the
  // latest input, which lists what is still missing.
  setTimeout(() => isUpToDate() && showMissing(), CLICK_MILLISECONDS);
});

// A link in a summary focuses its field. In a frame it must not change the URL.
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("[data-errors] a, #missing a");
  const field = link && linkedField(link);
  if (!link) return;
  event.preventDefault();
  field?.focus();
});
