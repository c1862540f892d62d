// The expected values, computed from the page, Pipedrive and QuickBooks without Fatura's code.
import { amountOf, round, same, typedNumber, unit } from "./numbers.mjs";
import { panelRows } from "./page.mjs";
import { worth } from "./world.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const DAY_MS = 86_400_000;
const trimmed = (text) => (text ?? "").replace(/\r\n/g, "\n").trim();

/** An invoice's amount before tax. */
export const net = (invoice) => invoice.TotalAmt - (invoice.TxnTaxDetail?.TotalTax ?? 0);

const isVoided = (invoice) => /Voided/.test(invoice.PrivateNote ?? "") && invoice.TotalAmt === 0;

/** The sum before tax that a form shows: subtotal less discounts. NaN where it cannot say. */
export function netShown(sums, language) {
  if (sums.length === 0) return NaN;
  const subtotal = amountOf(sums[0].value, language);
  // The tax of a line below zero is below zero as well.
  const discount = sums.length > 2 && /^(Discount|Desconto|Descuento)/.test(sums[1].label) ? amountOf(sums[1].value, language) : 0;
  return subtotal + Math.min(discount, 0);
}

/** The billed and the remaining amount of a deal, naively: the sum of its valid invoices, before tax, in the deal's currency. */
export async function remaining(world, deal) {
  const { value, currency, lines, hasProducts, title } = await worth(world, deal.id);
  const invoices = await Promise.all([...deal.numbers.keys()].map((id) => world.invoice(id)));
  const standing = invoices.filter((invoice) => invoice && (invoice.CurrencyRef?.value ?? world.home) === currency && !isVoided(invoice));
  const billed = standing.reduce((sum, invoice) => sum + net(invoice), 0);
  // Where prices hold tax, Pipedrive does not say how much of them it is: then nothing is compared before tax.
  // Invoices in another currency count by their conversion rate, which QuickBooks does not return.
  const isConverted = invoices.some((invoice) => invoice && (invoice.CurrencyRef?.value ?? world.home) !== currency && !isVoided(invoice));
  const isKnown = !deal.isInclusive && !isConverted && !standing.some(({ GlobalTaxCalculation }) => GlobalTaxCalculation === "TaxInclusive");
  return {
    isKnown,
    worth: value,
    billed,
    count: standing.length,
    left: Math.max(0, round(value - billed, currency)),
    over: billed - value,
    currency,
    within: unit(currency) * (1.01 + lines),
    hasProducts,
    title,
  };
}

/** The differences between an invoice in QuickBooks and the form at *Create*, as sentences. */
export function differences(look, invoice, world, language) {
  const wrong = [];
  const differ = (what, shown, there) => wrong.push(`${what}: shown ${JSON.stringify(shown)}, in QuickBooks ${JSON.stringify(there)}`);
  const currency = invoice.CurrencyRef?.value ?? world.home;
  const total = amountOf(look.total, language);
  const expected = look.isBeforeTax ? net(invoice) : invoice.TotalAmt;
  if (!same(total, expected)) differ("total", look.total, expected);
  if (look.fields.currency !== currency) differ("currency", look.fields.currency, currency);
  if (look.fields.issued !== invoice.TxnDate) differ("issue date", look.fields.issued, invoice.TxnDate);
  if (look.fields.due !== invoice.DueDate) differ("due date", look.fields.due, invoice.DueDate);
  const term = invoice.SalesTermRef && world.terms.find(({ Id }) => Id === invoice.SalesTermRef.value);
  if (term?.DueDays !== undefined && term.Type !== "DATE_DRIVEN") {
    const days = (Date.parse(invoice.DueDate) - Date.parse(invoice.TxnDate)) / DAY_MS;
    if (days !== term.DueDays) differ("term", `${days} days`, term.Name);
  }
  const sold = invoice.Line.filter((line) => line.DetailType === "SalesItemLineDetail" && line.SalesItemLineDetail.ItemRef?.value !== "SHIPPING_ITEM_ID");
  if (sold.length !== look.lines.length) differ("lines", look.lines.length, sold.length);
  for (const [at, line] of look.lines.entries()) {
    const there = sold[at];
    if (!there) break;
    const isGross = invoice.GlobalTaxCalculation === "TaxInclusive";
    const amount = isGross ? (there.SalesItemLineDetail.TaxInclusiveAmt ?? there.Amount) : there.Amount;
    if (!same(amountOf(line.amount, language), amount)) differ(`amount of line ${at + 1}`, line.amount, amount);
    const quantity = typedNumber(line.quantity, language);
    const [price, off] = [typedNumber(line.price, language), line.discount.trim() === "" ? 0 : typedNumber(line.discount, language)];
    if (quantity !== undefined && price !== undefined && off !== undefined) {
      // A discount on a line is sent within its price, or as a discount of its own; the sum before tax is compared below.
      const product = (percent) => quantity * (Math.round(price * (100 - percent) * 1000 + 1e-6) / 100_000);
      const isProduct = [off, 0].some((percent) => same(product(percent), amount, unit(currency) * 0.51 + Math.abs(quantity) * 0.000005));
      // A company without discount lines has the discount on the whole in its prices; the amounts shown are compared all the same.
      const isSpread = look.fields.discount?.trim() && !invoice.Line.some((row) => row.DetailType === "DiscountLineDetail");
      if (Math.abs(product(0)) < 1e9 && !isProduct && !isSpread)
        differ(`product of line ${at + 1}`, `${line.quantity} × ${line.price} − ${line.discount || 0} %`, amount);
    }
    if (quantity !== undefined && there.SalesItemLineDetail.Qty !== undefined && !same(quantity, there.SalesItemLineDetail.Qty, 1e-9))
      differ(`quantity of line ${at + 1}`, line.quantity, there.SalesItemLineDetail.Qty);
    if (trimmed(line.description) && trimmed(line.description) !== trimmed(there.Description))
      differ(`description of line ${at + 1}`, line.description.slice(0, 80), (there.Description ?? "").slice(0, 80));
    if (
      line.item !== "new" &&
      line.itemName &&
      there.SalesItemLineDetail.ItemRef?.name !== undefined &&
      !there.SalesItemLineDetail.ItemRef.name.endsWith(line.itemName)
    )
      differ(`item of line ${at + 1}`, line.itemName, there.SalesItemLineDetail.ItemRef.name);
  }
  if (look.sums.length > 1) {
    const shown = netShown(look.sums, language);
    if (!same(shown, net(invoice))) differ("sum before tax", shown, net(invoice));
  }
  if (trimmed(look.fields.message) !== trimmed(invoice.CustomerMemo?.value))
    differ("message", trimmed(look.fields.message).slice(0, 80), trimmed(invoice.CustomerMemo?.value).slice(0, 80));
  if (trimmed(look.fields.memo) && !trimmed(invoice.PrivateNote).startsWith(trimmed(look.fields.memo)))
    differ("memo", trimmed(look.fields.memo).slice(0, 80), trimmed(invoice.PrivateNote).slice(0, 80));
  if (look.fields.customer !== "new" && look.fields.customer && look.fields.customer !== invoice.CustomerRef.value)
    differ("customer", look.fields.customer_name, invoice.CustomerRef.name);
  if (trimmed(look.fields.email) !== trimmed(invoice.BillEmail?.Address)) differ("email", look.fields.email, invoice.BillEmail?.Address);
  return wrong;
}

/** The expected badge. */
export function badge(invoice, zone) {
  if (!invoice) return "deleted";
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: zone || "UTC" }).format(new Date());
  if (isVoided(invoice)) return "voided";
  if (invoice.Balance === 0) return "paid";
  if (invoice.DueDate < today) return "overdue";
  return invoice.Balance < invoice.TotalAmt ? "partially-paid" : "open";
}

/** The differences between a panel and QuickBooks; waits up to `patience` for changes to arrive. */
export async function panelDifferences(world, who, deal, patience) {
  for (const until = Date.now() + patience; ; await pause(150)) {
    const wrong = [];
    const { rows, figures } = await panelRows(world, who, deal.id);
    const kept = new Map([...deal.numbers].map(([books, known]) => [known.row, books]));
    const open = new Map();
    for (const row of rows) {
      const id = row.books ?? kept.get(row.id);
      if (["refused", "checking", "stuck"].includes(row.status)) continue;
      const invoice = id && (await world.invoice(id));
      const right = badge(invoice, world.zone);
      if (row.status !== right) wrong.push(`deal ${deal.id} shows invoice ${row.number} as ${row.status}, QuickBooks says ${right}`);
      if (!invoice) continue;
      if (!same(amountOf(row.total, who.language), invoice.TotalAmt) && !isVoided(invoice))
        wrong.push(`deal ${deal.id} shows invoice ${row.number} over ${row.total}, QuickBooks says ${invoice.TotalAmt}`);
      const currency = invoice.CurrencyRef?.value ?? world.home;
      const sum = open.get(currency) ?? { outstanding: 0, overdue: 0, paid: 0, currency };
      // The panel has a separate sum of overdue amounts.
      if (right === "overdue") sum.overdue += invoice.Balance;
      else sum.outstanding += invoice.Balance;
      if (!isVoided(invoice)) sum.paid += invoice.TotalAmt - invoice.Balance;
      open.set(currency, sum);
    }
    for (const sum of open.values()) {
      const right = [sum.outstanding, sum.overdue, sum.paid];
      if (right.every((value) => same(value, 0))) continue;
      const isThere = figures.some((shown) => right.every((value, at) => same(amountOf(shown[at], who.language), value, unit(sum.currency) / 2)));
      if (!isThere)
        wrong.push(
          `the panel of deal ${deal.id} shows ${JSON.stringify(figures)}; outstanding, overdue and paid are ${right.map((value) => value.toFixed(2)).join(", ")} ${sum.currency}`,
        );
    }
    if (wrong.length === 0 || Date.now() > until) return wrong;
  }
}

/** Deal fields that do not match the invoices. */
export async function fieldDifferences(world, deal, patience) {
  for (const until = Date.now() + patience; ; await pause(250)) {
    const { custom_fields: own, currency } = await world.pipedrive(`/deals/${deal.id}`);
    const invoices = (await Promise.all([...deal.numbers.keys()].map((id) => world.invoice(id)))).filter(
      (invoice) => invoice && (invoice.CurrencyRef?.value ?? world.home) === currency && !isVoided(invoice),
    );
    const right = { invoiced: invoices.reduce((sum, { TotalAmt }) => sum + TotalAmt, 0), balance: invoices.reduce((sum, { Balance }) => sum + Balance, 0) };
    const held = (name) => parseFloat(own[world.fields[name]]?.value ?? own[world.fields[name]] ?? 0);
    const wrong = Object.entries(right)
      .filter(([name, value]) => !same(held(name), value, 0.005))
      .map(
        ([name, value]) =>
          `the field ${name} of deal ${deal.id} holds ${JSON.stringify(own[world.fields[name]])}; the books say ${value.toFixed(2)} ${currency}`,
      );
    if (wrong.length === 0 || Date.now() > until) return wrong;
  }
}
