// Parses rows copied from a spreadsheet, and assigns their columns to fields. It computes no prices.
import { tsvParseRows } from "d3-dsv";

/** The fields of a line that a column can fill. */
export type Field = "item_name" | "description" | "quantity" | "unit_price" | "discount";

export interface Pasted {
  /** The field of each column; `undefined` for an unused column. */
  fields: (Field | undefined)[];
  /** The cells of each row, without headings and empty rows. */
  rows: string[][];
}

/** Headings in Portuguese, English and Spanish, without accents. Totals come first, because their columns are not used. */
const HEADINGS: [Field | undefined, RegExp][] = [
  [undefined, /total|subtotal|amount|importe/],
  ["discount", /^desconto|^descuento|^discount|%/],
  ["description", /^descri/],
  ["quantity", /^q(ty|td|tde|t)\b|^quanti|^cantidad|^horas|^hours/],
  ["unit_price", /preco|price|precio|^rate|^tarifa|^valor/],
  ["item_name", /^ite[mn]|^produto|^producto|^product|^servi|^articulo|^codigo|^code|^sku/],
];
const NUMBER = /^[-+(]?\s*(?:[A-Z]{0,3}[$€£¥]|[A-Z]{3}\b)?\s*[-+]?\d[\d.,'\s]*%?\)?\s*(?:[€£]|[A-Z]{3})?$/;

const withoutAccents = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const isNumber = (cell: string) => NUMBER.test(cell);

/** Parses copied text into rows of cells. A line break within a cell becomes a space. */
export function parseCells(text: string): string[][] {
  const rows = tsvParseRows(text.replace(/\r\n?/g, "\n")).map((row) => row.map((cell) => cell.replace(/\s+/gu, " ").trim()));
  while (rows.length > 1 && rows.at(-1)?.every((cell) => !cell)) rows.pop();
  return rows;
}

/** Assigns columns to fields by their headings, or else by their cells: first the item, then texts, then numbers. */
export function assignColumns(cells: string[][]): Pasted {
  const [first = [], ...others] = cells;
  const body = first.some(isNumber) || !others.some((row) => row.some(isNumber)) ? cells : others;
  const rows = body.filter((row) => row.some((cell) => cell));
  const fields = (body === cells ? undefined : assignByHeadings(first)) ?? assignByCells(rows);
  return { fields, rows };
}

/** Assigns columns by their headings. `undefined` unless they name the item and at least one other field. */
function assignByHeadings(headings: string[]): (Field | undefined)[] | undefined {
  const used = new Set<Field>();
  const fields = headings.map((heading) => {
    const field = HEADINGS.find(([, words]) => words.test(withoutAccents(heading)))?.[0];
    if (!field || used.has(field)) return undefined;
    used.add(field);
    return field;
  });
  return used.has("item_name") && used.size > 1 ? fields : undefined;
}

function assignByCells(rows: string[][]): (Field | undefined)[] {
  const width = Math.max(...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, at) => rows.map((row) => row[at] ?? "").filter((cell) => cell));
  const isFilled = (column: string[]) => column.length > 0;
  const [item, ...others] = columns.map((_, at) => at).filter((at) => isFilled(columns[at] ?? []));
  const texts = others.filter((at) => !columns[at]?.every(isNumber));
  const numbers = others.filter((at) => columns[at]?.every(isNumber));
  const fields: (Field | undefined)[] = columns.map(() => undefined);
  const assign = (at: number | undefined, field: Field) => at !== undefined && (fields[at] = field);
  assign(item, "item_name");
  assign(texts[0], "description");
  // A single number is the price. A third one is a discount only if it is a percentage; otherwise it may be the total.
  if (numbers.length > 1) assign(numbers.shift(), "quantity");
  assign(numbers.shift(), "unit_price");
  if (columns[numbers[0] ?? -1]?.some((cell) => cell.endsWith("%"))) assign(numbers[0], "discount");
  return fields;
}
