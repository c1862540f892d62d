// The table of lines: adds, moves, copies, removes with undo, numbers and pastes rows.
import htmx from "htmx.org";
import * as host from "./host";
import { assignColumns, parseCells, type Field, type Pasted } from "./paste";
import type { PickList } from "./pick";

/** Milliseconds to wait for the items of pasted lines. */
const MATCH_TIMEOUT = 20_000;
/** An item whose exact name or SKU was pasted. */
interface Match {
  typed: string;
  id: string;
  name: string;
  tax: string;
}
/** Attributes that contain the number of the row. */
const NUMBERED_ATTRIBUTES = ["id", "for", "aria-controls", "aria-describedby", "popovertarget"];

class InvoiceLines extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const target = event.target as Element;
      if (target.closest("[data-add]")) this.add();
      const act = target.closest<HTMLElement>("[data-line]");
      const row = act?.closest<HTMLTableRowElement>("tbody tr");
      if (act && row) this.changeRow(act.dataset["line"], row);
    });
    this.addEventListener("fatura:picked", (event) => {
      const { tax = "" } = (event as CustomEvent<DOMStringMap>).detail;
      const code = (event.target as Element).closest("tr")?.querySelector<HTMLSelectElement>("[name$='[tax_code]']");
      // Replaces a tax code that came with an earlier item, but not one from the deal or chosen by hand.
      if (!code || (code.value && code.value !== code.dataset["ofItem"])) return;
      code.value = tax;
      code.dataset["ofItem"] = tax;
    });
    this.addEventListener("change", (event) => {
      const code = (event.target as Element).closest<HTMLSelectElement>("[name$='[tax_code]']");
      if (code) delete code.dataset["ofItem"];
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

  private changeRow(action: string | undefined, row: HTMLTableRowElement): void {
    if (action === "up") row.previousElementSibling?.before(row);
    if (action === "down") row.nextElementSibling?.after(row);
    if (action === "copy") this.copy(row);
    if (action === "remove") {
      this.removeRow(row);
      return;
    }
    this.renumberAndNotify();
    row.querySelector<HTMLElement>(".dots")?.focus();
  }

  private add(focus = true): HTMLTableRowElement {
    const blank = this.querySelector("template")?.content.firstElementChild?.cloneNode(true) as HTMLTableRowElement;
    this.querySelector("tbody")?.append(blank);
    this.renumber();
    htmx.process(blank);
    if (focus) blank.querySelector<HTMLElement>("[role=combobox]")?.focus();
    return blank;
  }

  private copy(row: HTMLTableRowElement): void {
    const copied = this.add(false);
    row.after(copied);
    const from = row.querySelectorAll<HTMLInputElement>("[name]");
    copied.querySelectorAll<HTMLInputElement>("[name]").forEach((field, at) => (field.value = from[at]?.value ?? ""));
    for (const mark of ["data-chosen", "data-new"])
      copied.querySelector("pick-list")?.toggleAttribute(mark, !!row.querySelector("pick-list")?.hasAttribute(mark));
  }

  /** Removes a row, unless it is the only one. The undo button has no timeout; it stays until the next removal or paste. */
  private removeRow(row: HTMLTableRowElement): void {
    if (this.rows.length === 1) return;
    const next = row.nextElementSibling;
    ((next ?? row.previousElementSibling) as HTMLElement | null)?.querySelector<HTMLElement>(".dots")?.focus();
    row.remove();
    this.renumberAndNotify();
    this.offerUndo(this.dataset["removed"] ?? "", () => {
      if (next?.isConnected) next.before(row);
      else this.querySelector("tbody")?.append(row);
      return row;
    });
  }

  /** Shows a message with an undo button. `undo` returns the row to focus. */
  private offerUndo(text: string, undo: () => HTMLTableRowElement | undefined): void {
    const offer = this.querySelector<HTMLElement>(".undo");
    if (!offer) return;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: this.dataset["undo"] ?? "" });
    button.onclick = () => {
      const row = undo();
      this.renumberAndNotify();
      offer.hidden = true;
      row?.querySelector<HTMLElement>(".dots")?.focus();
    };
    offer.replaceChildren(text, " ", button);
    offer.hidden = false;
  }

  /** Pastes spreadsheet cells from this row down. In the item field, each pasted row is a whole line. In other fields, cells fill to the right. */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const field = (event.target as Element).closest<HTMLInputElement>("tbody input");
    const row = field?.closest("tr");
    if (!field || !row || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const before = this.rows.map((each) => ({ row: each, restore: captureValues(each) }));
    const at = FIELDS.findIndex((name) => field === input(row, name));
    const pasted = at > 0 ? { fields: FIELDS.slice(at), rows: parseCells(text) } : assignColumns(parseCells(text));
    const filled = this.fill(row, pasted, at <= 0);
    this.offerUndo(this.describe(pasted), () => {
      for (const each of this.rows) if (!before.some(({ row: old }) => old === each)) each.remove();
      for (const { restore } of before) restore();
      return row;
    });
    this.renumberAndNotify();
    if (at <= 0) void this.chooseItems(filled);
  }

  private fill(from: HTMLTableRowElement, { fields, rows }: Pasted, isWhole: boolean): HTMLTableRowElement[] {
    let row: Element | null = from;
    return rows.map((cells) => {
      const line = (row as HTMLTableRowElement | null) ?? this.add(false);
      row = line.nextElementSibling;
      // Clears the old line, so that no row keeps an item or a price that was not pasted.
      if (isWhole) {
        for (const name of ["product", "name", "description", "unit_price", "discount", "tax_code"]) setValue(line, name, "");
        setValue(line, "quantity", "1");
      }
      fields.forEach((name, at) => {
        if (name === "item_name") line.querySelector<PickList>("pick-list")?.setText(cells[at] ?? "");
        else if (name && cells[at] !== undefined) setValue(line, name, cells[at]);
      });
      return line;
    });
  }

  /** Describes which fields were filled from the pasted columns, and which columns were not used. */
  private describe({ fields, rows }: Pasted): string {
    const label = (field: Field) => this.querySelector("template")?.content.querySelector(`label[for$="${LABEL_IDS[field] ?? field}"]`)?.textContent ?? "";
    const used = fields.filter((field, at) => field && rows.some((row) => row[at])).map((field) => label(field as Field));
    const width = Math.max(...rows.map((row) => row.length));
    const unused = Array.from({ length: width }, (_, at) => at).filter((at) => !fields[at] && rows.some((row) => row[at]));
    const parts = [`${this.dataset["pasted"]} ${used.join(", ")}.`];
    if (unused.length) parts.push(`${this.dataset["unused"]} ${unused.map((at) => at + 1).join(", ")}.`);
    return parts.join(" ");
  }

  /** Chooses the items whose exact name or SKU was pasted. The user chooses or creates the others. */
  private async chooseItems(rows: HTMLTableRowElement[]): Promise<void> {
    const typed = new Set(rows.map((row) => input(row, "item_name")?.value ?? "").filter((text) => text));
    const body = new URLSearchParams([...typed].map((text, at) => [`typed[${at}]`, text]));
    const requestMatches = async (fresh: boolean) =>
      fetch("/items/match", {
        method: "POST",
        body,
        headers: { Authorization: `Bearer ${(await host.token(fresh)) ?? ""}` },
        signal: AbortSignal.timeout(MATCH_TIMEOUT),
      });
    try {
      const first = await requestMatches(false);
      const response = first.status === 401 ? await requestMatches(true) : first;
      const matches = new Map(((await response.json()) as Match[]).map((match) => [match.typed, match]));
      for (const row of rows) {
        const match = matches.get(input(row, "item_name")?.value ?? "");
        if (match && row.isConnected && !input(row, "item")?.value) row.querySelector<PickList>("pick-list")?.pickOption({ ...match });
      }
    } catch {
      // Without a response nothing is chosen, and the lines show that an item is missing.
    }
  }

  private renumberAndNotify(): void {
    this.renumber();
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private renumber(): void {
    this.rows.forEach((row, at) => {
      for (const named of row.querySelectorAll<HTMLInputElement>("[name]")) named.name = named.name.replace(/^lines\[\d+\]/, `lines[${at}]`);
      for (const attribute of NUMBERED_ATTRIBUTES) {
        for (const element of row.querySelectorAll(`[${attribute}]`)) {
          element.setAttribute(attribute, (element.getAttribute(attribute) ?? "").replace(/^(lines|amount|items|menu)-\d+/, `$1-${at}`));
        }
      }
    });
  }
}

/** The fields of a line from left to right. */
const FIELDS: Field[] = ["item_name", "description", "quantity", "unit_price", "discount"];
/** Ends of the `for` attributes of labels that differ from the field's name. */
const LABEL_IDS: Partial<Record<Field, string>> = { item_name: "-item" };

const input = (row: Element, name: string) => row.querySelector<HTMLInputElement>(`[name$="[${name}]"]`);

function setValue(row: Element, name: string, value: string): void {
  const field = input(row, name);
  if (field) field.value = value;
}

/** Captures the values of a row. Returns a function that restores them. */
function captureValues(row: HTMLTableRowElement): () => void {
  const values = Array.from(row.querySelectorAll<HTMLInputElement>("[name]"), (field) => [field, field.value] as const);
  const list = row.querySelector("pick-list");
  const marks = ["data-chosen", "data-new"].map((mark) => [mark, !!list?.hasAttribute(mark)] as const);
  return () => {
    for (const [field, value] of values) field.value = value;
    for (const [mark, is] of marks) list?.toggleAttribute(mark, is);
  };
}

customElements.define("invoice-lines", InvoiceLines);
