// The table of lines, which works like a spreadsheet: adding, moving, copying, removing with an undo, numbering, pasting.
import htmx from "htmx.org";

const NUMBERED = ["id", "for", "aria-controls", "aria-describedby", "popovertarget"];

class InvoiceLines extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const target = event.target as Element;
      if (target.closest("[data-add]")) this.add();
      const act = target.closest<HTMLElement>("[data-line]");
      const row = act?.closest<HTMLTableRowElement>("tbody tr");
      if (act && row) this.act(act.dataset["line"], row);
    });
    this.addEventListener("fatura:picked", (event) => {
      const { tax = "" } = (event as CustomEvent<DOMStringMap>).detail;
      const code = (event.target as Element).closest("tr")?.querySelector<HTMLSelectElement>("[name$='[tax_code]']");
      if (code && tax && !code.value) code.value = tax;
    });
    this.addEventListener("keydown", (event) => {
      const field = event.target as HTMLElement;
      if (event.key !== "Enter" || event.ctrlKey || event.defaultPrevented || !field.matches("tbody input")) return;
      event.preventDefault();
      const row = field.closest("tr");
      const next = row?.nextElementSibling ?? this.add();
      const cell = Array.from(row?.cells ?? []).indexOf(field.closest("td") as HTMLTableCellElement);
      (next as HTMLTableRowElement).cells[cell]?.querySelector<HTMLElement>("input:not([type=hidden]), select")?.focus();
    });
    this.addEventListener("paste", (event) => this.paste(event));
  }

  private get rows(): HTMLTableRowElement[] {
    return Array.from(this.querySelectorAll("tbody tr"));
  }

  private act(name: string | undefined, row: HTMLTableRowElement): void {
    if (name === "up") row.previousElementSibling?.before(row);
    if (name === "down") row.nextElementSibling?.after(row);
    if (name === "copy") this.copy(row);
    if (name === "remove") return this.take(row);
    this.changed();
    row.querySelector<HTMLElement>(".dots")?.focus();
  }

  private add(focus = true): HTMLTableRowElement {
    const blank = this.querySelector("template")?.content.firstElementChild?.cloneNode(true) as HTMLTableRowElement;
    this.querySelector("tbody")?.append(blank);
    this.number();
    htmx.process(blank);
    if (focus) blank.querySelector<HTMLElement>("[role=combobox]")?.focus();
    return blank;
  }

  private copy(row: HTMLTableRowElement): void {
    const made = this.add(false);
    row.after(made);
    const from = row.querySelectorAll<HTMLInputElement>("[name]");
    made.querySelectorAll<HTMLInputElement>("[name]").forEach((field, at) => (field.value = from[at]?.value ?? ""));
    for (const mark of ["data-chosen", "data-new"]) made.querySelector("pick-list")?.toggleAttribute(mark, !!row.querySelector("pick-list")?.hasAttribute(mark));
  }

  /** Removes a row, and offers it back until another is removed: who needs longer to get there has it. The last row stays. */
  private take(row: HTMLTableRowElement): void {
    if (this.rows.length === 1) return;
    const next = row.nextElementSibling;
    ((next ?? row.previousElementSibling) as HTMLElement | null)?.querySelector<HTMLElement>(".dots")?.focus();
    row.remove();
    this.changed();
    const offer = this.querySelector<HTMLElement>(".undo");
    if (!offer) return;
    const back = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: this.dataset["undo"] ?? "" });
    back.onclick = () => {
      if (next?.isConnected) next.before(row);
      else this.querySelector("tbody")?.append(row);
      this.changed();
      offer.hidden = true;
      row.querySelector<HTMLElement>(".dots")?.focus();
    };
    offer.replaceChildren(this.dataset["removed"] ?? "", " ", back);
    offer.hidden = false;
  }

  /** Cells copied from a sheet go into the cells from here on, row by row. */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const field = (event.target as Element).closest<HTMLInputElement>("tbody input");
    if (!field || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const cells = (row: Element) => Array.from(row.querySelectorAll<HTMLInputElement>("td > input:not([type=hidden])"));
    let row: Element | null = field.closest("tr");
    const column = row ? cells(row).indexOf(field) : 0;
    for (const line of text.trim().split(/\r?\n/)) {
      row ??= this.add(false);
      const into = cells(row);
      line.split("\t").forEach((value, at) => {
        const cell = into[column + at];
        if (cell) cell.value = value.trim();
      });
      row = row.nextElementSibling;
    }
    this.changed();
  }

  private changed(): void {
    this.number();
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private number(): void {
    this.rows.forEach((row, at) => {
      for (const named of row.querySelectorAll<HTMLInputElement>("[name]")) named.name = named.name.replace(/^lines\[\d+\]/, `lines[${at}]`);
      for (const attribute of NUMBERED) {
        for (const element of row.querySelectorAll(`[${attribute}]`)) {
          element.setAttribute(attribute, (element.getAttribute(attribute) ?? "").replace(/^(lines|amount|items|menu)-\d+/, `$1-${at}`));
        }
      }
    });
  }
}

customElements.define("invoice-lines", InvoiceLines);
