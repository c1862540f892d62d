// The table of lines: adding, removing, numbering. The last row cannot be removed.
class InvoiceLines extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const target = event.target as Element;
      if (target.closest("[data-add]")) this.add();
      const remove = target.closest("[data-remove]");
      if (remove) this.remove_(remove.closest("tbody tr"));
    });
    this.addEventListener("keydown", (event) => {
      const field = event.target as HTMLElement;
      if (event.key !== "Enter" || event.ctrlKey || !field.matches("tbody input")) return;
      event.preventDefault();
      const row = field.closest("tr");
      const next = row?.nextElementSibling ?? this.add();
      const cell = Array.from(row?.cells ?? []).indexOf(field.closest("td") as HTMLTableCellElement);
      (next as HTMLTableRowElement).cells[cell]?.querySelector<HTMLElement>("input, select")?.focus();
    });
  }

  private get rows(): HTMLTableRowElement[] {
    return Array.from(this.querySelectorAll("tbody tr"));
  }

  private add(): Element {
    const blank = this.querySelector("template")?.content.firstElementChild?.cloneNode(true) as HTMLTableRowElement;
    this.querySelector("tbody")?.append(blank);
    this.number();
    blank.querySelector<HTMLElement>("select, input")?.focus();
    return blank;
  }

  private remove_(row: Element | null | undefined): void {
    if (!row || this.rows.length === 1) return;
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector<HTMLElement>("[data-remove]");
    row.remove();
    this.number();
    next?.focus();
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private number(): void {
    this.rows.forEach((row, at) => {
      for (const named of row.querySelectorAll<HTMLInputElement>("[name]")) named.name = named.name.replace(/\[\d+\]/, `[${at}]`);
      for (const [attribute, owner] of [["id", "[id]"], ["for", "[for]"]] as const) {
        for (const element of row.querySelectorAll(owner)) {
          element.setAttribute(attribute, (element.getAttribute(attribute) ?? "").replace(/^(lines|amount)-\d+/, `$1-${at}`));
        }
      }
    });
  }
}

customElements.define("invoice-lines", InvoiceLines);
