// Puts the messages of the summary at their fields as well, and the focus on the summary.
export function showErrors(): void {
  const summary = document.querySelector<HTMLElement>("[data-errors]:not([data-shown])");
  if (!summary) return;
  summary.dataset["shown"] = "";
  clearErrors();
  for (const link of summary.querySelectorAll<HTMLAnchorElement>("a[href^='#']")) {
    const field = document.getElementById(link.hash.slice(1));
    if (!field?.matches("input, select, textarea")) continue;
    const note = Object.assign(document.createElement("p"), { className: "field-error", id: `${field.id}-error`, textContent: link.textContent });
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", note.id);
    field.closest("td, .field")?.append(note);
    link.onclick = (event) => {
      event.preventDefault();
      field.focus();
    };
  }
  summary.focus();
}

export function clearErrors(): void {
  for (const note of document.querySelectorAll(".field-error")) note.remove();
  for (const field of document.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

document.addEventListener("input", (event) => {
  const field = event.target as HTMLElement;
  if (field.getAttribute("aria-invalid")) {
    document.getElementById(`${field.id}-error`)?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
});
