// The table of lines, which works like a spreadsheet: adding, moving, copying, removing with an undo, numbering, pasting.
import htmx from "htmx.org";
import * as host from "./host";
import { readCells, understand, type Field, type Pasted } from "./paste";
import type { PickList } from "./pick";

const MATCH_TIMEOUT = 20_000;
/** An item that QuickBooks has by the very name or SKU that was pasted. */
interface Match {
  typed: string;
  id: string;
  name: string;
  tax: string;
}
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
      // A tax that an earlier item brought goes with that item; one that was chosen by hand or came with the deal stays.
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

  private act(name: string | undefined, row: HTMLTableRowElement): void {
    if (name === "up") row.previousElementSibling?.before(row);
    if (name === "down") row.nextElementSibling?.after(row);
    if (name === "copy") this.copy(row);
    if (name === "remove") {
      this.take(row);
      return;
    }
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
    for (const mark of ["data-chosen", "data-new"])
      made.querySelector("pick-list")?.toggleAttribute(mark, !!row.querySelector("pick-list")?.hasAttribute(mark));
  }

  /** Removes a row, and offers it back until another is removed: who needs longer to get there has it. The last row stays. */
  private take(row: HTMLTableRowElement): void {
    if (this.rows.length === 1) return;
    const next = row.nextElementSibling;
    ((next ?? row.previousElementSibling) as HTMLElement | null)?.querySelector<HTMLElement>(".dots")?.focus();
    row.remove();
    this.changed();
    this.offerUndo(this.dataset["removed"] ?? "", () => {
      if (next?.isConnected) next.before(row);
      else this.querySelector("tbody")?.append(row);
      return row;
    });
  }

  /** Says what happened, with a button that takes it back. `undo` answers with the row to go on in. */
  private offerUndo(text: string, undo: () => HTMLTableRowElement | undefined): void {
    const offer = this.querySelector<HTMLElement>(".undo");
    if (!offer) return;
    const back = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: this.dataset["undo"] ?? "" });
    back.onclick = () => {
      const row = undo();
      this.changed();
      offer.hidden = true;
      row?.querySelector<HTMLElement>(".dots")?.focus();
    };
    offer.replaceChildren(text, " ", back);
    offer.hidden = false;
  }

  /** Cells of a spreadsheet fill the lines from here on. In the item's field each row is a whole line; elsewhere cells go to the right and down. */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const field = (event.target as Element).closest<HTMLInputElement>("tbody input");
    const row = field?.closest("tr");
    if (!field || !row || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const before = this.rows.map((each) => ({ row: each, restore: remember(each) }));
    const at = FIELDS.findIndex((name) => field === input(row, name));
    const pasted = at > 0 ? { fields: FIELDS.slice(at), rows: readCells(text) } : understand(readCells(text));
    const filled = this.fill(row, pasted, at <= 0);
    this.offerUndo(this.describe(pasted), () => {
      for (const each of this.rows) if (!before.some(({ row: old }) => old === each)) each.remove();
      for (const { restore } of before) restore();
      return row;
    });
    this.changed();
    if (at <= 0) void this.chooseItems(filled);
  }

  private fill(from: HTMLTableRowElement, { fields, rows }: Pasted, isWhole: boolean): HTMLTableRowElement[] {
    let row: Element | null = from;
    return rows.map((cells) => {
      const line = (row as HTMLTableRowElement | null) ?? this.add(false);
      row = line.nextElementSibling;
      // Nothing of the line that was there stays, so that no row is billed with an item or a price that it does not have.
      if (isWhole) {
        for (const name of ["product", "name", "description", "unit_price", "discount", "tax_code"]) setValue(line, name, "");
        setValue(line, "quantity", "1");
      }
      fields.forEach((name, at) => {
        if (name === "item_name") line.querySelector<PickList>("pick-list")?.type(cells[at] ?? "");
        else if (name && cells[at] !== undefined) setValue(line, name, cells[at]);
      });
      return line;
    });
  }

  /** Which fields the columns of a paste went into, and which columns went nowhere. */
  private describe({ fields, rows }: Pasted): string {
    const label = (field: Field) => this.querySelector("template")?.content.querySelector(`label[for$="${LABELLED[field] ?? field}"]`)?.textContent ?? "";
    const used = fields.filter((field, at) => field && rows.some((row) => row[at])).map((field) => label(field as Field));
    const width = Math.max(...rows.map((row) => row.length));
    const unused = Array.from({ length: width }, (_, at) => at).filter((at) => !fields[at] && rows.some((row) => row[at]));
    const parts = [`${this.dataset["pasted"]} ${used.join(", ")}.`];
    if (unused.length) parts.push(`${this.dataset["unused"]} ${unused.map((at) => at + 1).join(", ")}.`);
    return parts.join(" ");
  }

  /** Chooses the items whose very name or SKU was pasted; the others wait for somebody to choose or create them. */
  private async chooseItems(rows: HTMLTableRowElement[]): Promise<void> {
    const typed = new Set(rows.map((row) => input(row, "item_name")?.value ?? "").filter((text) => text));
    const body = new URLSearchParams([...typed].map((text, at) => [`typed[${at}]`, text]));
    const ask = async (fresh: boolean) =>
      fetch("/items/match", {
        method: "POST",
        body,
        headers: { Authorization: `Bearer ${(await host.token(fresh)) ?? ""}` },
        signal: AbortSignal.timeout(MATCH_TIMEOUT),
      });
    try {
      const first = await ask(false);
      const answer = first.status === 401 ? await ask(true) : first;
      const matches = new Map(((await answer.json()) as Match[]).map((match) => [match.typed, match]));
      for (const row of rows) {
        const match = matches.get(input(row, "item_name")?.value ?? "");
        if (match && row.isConnected && !input(row, "item")?.value) row.querySelector<PickList>("pick-list")?.pick({ ...match });
      }
    } catch {
      // Without an answer nothing is chosen, and the lines say that an item is missing.
    }
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

/** The fields of a line from left to right. */
const FIELDS: Field[] = ["item_name", "description", "quantity", "unit_price", "discount"];
/** Where a field's label is named otherwise. */
const LABELLED: Partial<Record<Field, string>> = { item_name: "-item" };

const input = (row: Element, name: string) => row.querySelector<HTMLInputElement>(`[name$="[${name}]"]`);

function setValue(row: Element, name: string, value: string): void {
  const field = input(row, name);
  if (field) field.value = value;
}

/** What a row holds now; the function that comes back puts it there again. */
function remember(row: HTMLTableRowElement): () => void {
  const values = Array.from(row.querySelectorAll<HTMLInputElement>("[name]"), (field) => [field, field.value] as const);
  const list = row.querySelector("pick-list");
  const marks = ["data-chosen", "data-new"].map((mark) => [mark, !!list?.hasAttribute(mark)] as const);
  return () => {
    for (const [field, value] of values) field.value = value;
    for (const [mark, is] of marks) list?.toggleAttribute(mark, is);
  };
}

customElements.define("invoice-lines", InvoiceLines);
