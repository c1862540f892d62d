// A wish over HTTP: the form's fields as a browser would post them. Faster than a browser; it sees the sums, and no pages.
import { fieldsOf, settled } from "../http.mjs";
import { amountOf, round, same } from "./numbers.mjs";
import { net, netShown, panelDifferences, remaining } from "./oracle.mjs";
import { panelRows, readSums } from "./page.mjs";
import { plainText, typeNumber } from "./values.mjs";
import { account } from "./wish.mjs";

const ARRIVES_MS = 8000;
const optionsOf = (html, id) =>
  [...(new RegExp(`<select id="${id}"[^>]*>(.*?)</select>`, "s").exec(html)?.[1] ?? "").matchAll(/<option value="([^"]+)"/g)].map(([, value]) => value);

/** Fills in the values that a company requires, and a customer. */
async function complete(wish, html, fields) {
  const { world, dice } = wish;
  const currency = fields.currency || world.home;
  fields.currency = currency;
  if (!fields.customer) Object.assign(fields, { customer: "new", customer_name: `Monkey customer ${currency} ${dice.below(40)}`, customer_currency: "" });
  if ("invoice_code" in fields && !fields.invoice_code) fields.invoice_code = optionsOf(html, "invoice_code")[0] ?? "";
  for (const [name, value] of Object.entries(fields)) {
    const line = /^lines\[(\d+)\]\[(item|tax_code)\]$/.exec(name);
    if (!line || value) continue;
    if (line[2] === "tax_code") fields[name] = optionsOf(html, `lines-${line[1]}-tax_code`)[0] ?? "";
    else Object.assign(fields, { [name]: "new", [`lines[${line[1]}][item_name]`]: `Monkey item ${dice.below(20)}` });
  }
}

/** Bills the form as it opens, as this user; the answer. */
export async function billByHttp(wish, who) {
  const { world, deal } = wish;
  const call = (path, fields) => world.call(who, "form", path, fields);
  const form = await call(`/deals/${deal.id}/form/discard`, {});
  const fields = fieldsOf(form.text);
  await complete(wish, form.text, fields);
  const answer = await settled(call, await call(`/deals/${deal.id}/invoices`, fields));
  return `${answer.status} ${answer.text
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim()}`;
}

/** Lines at the limits of an invoice. */
const MANY_LINES = 500;

export async function httpWish(wish) {
  const { world, who, deal, dice, say, violate } = wish;
  Object.assign(wish, { meant: 0, made: 0, confirmed: 0, presses: [], asked: [], refusals: [] });
  const call = (path, fields) => world.call(who, "form", path, fields);
  if (deal.touched)
    for (const wrong of await panelDifferences(world, who, deal, ARRIVES_MS)) await violate(6, wrong, { key: wrong.replace(/\d[\d.,]*/g, "n").slice(0, 40) });
  deal.touched = false;
  const naive = (wish.naive = await remaining(world, deal));
  let form = await call(`/deals/${deal.id}/form/discard`, {});
  if (form.status !== 200) return violate(5, `the form answers ${form.status}`, { key: `form ${form.status}` });
  const opened = readSums(form.text);
  const shown = netShown(opened.sums, who.language);
  let fields = fieldsOf(form.text);
  const hasLines = Object.keys(fields).some((name) => name.startsWith("lines["));
  if (naive.isKnown && fields.currency === naive.currency) {
    if (naive.count > 0 && naive.worth > 0 && naive.left <= naive.within) {
      deal.retired = true;
      if (hasLines && !(Math.abs(shown) <= naive.within))
        await violate(3, `a fully billed deal (${naive.billed.toFixed(2)} of ${naive.worth.toFixed(2)}) opens with ${opened.sums[0]?.value} (HTTP)`, {
          key: "fully billed",
        });
      wish.answer = { state: "nothing left" };
      return undefined;
    }
    if (!same(shown, naive.left, naive.within)) {
      deal.retired = true;
      await violate(
        3,
        `the form opens with ${shown} before tax; ${naive.left.toFixed(2)} remain, ${naive.count} invoices over ${naive.billed.toFixed(2)} of ${naive.worth.toFixed(2)} (HTTP)`,
        { key: "remaining" },
      );
    }
  }
  await complete(wish, form.text, fields);
  const isPart = naive.left > 1 && dice.percent(45);
  if (isPart) {
    const isPercent = dice.percent(60);
    const value = isPercent ? dice.of([10, 25, 30, 33.33]) : round(naive.left / 4, naive.currency);
    Object.assign(fields, { part: typeNumber(dice, who.language, value), part_kind: isPercent ? "percent" : "amount" });
    say(`HTTP: part ${fields.part} ${fields.part_kind}`);
    form = await call(`/deals/${deal.id}/form/change?part=typed`, fields);
    if (form.status !== 200) return violate(5, `the part answers ${form.status}`, { key: `part ${form.status}` });
    fields = fieldsOf(form.text);
    await complete(wish, form.text, fields);
    wish.meantNet = isPercent ? (naive.worth * value) / 100 : value;
  }
  if (wish.odd && dice.percent(12) && naive.left > MANY_LINES) {
    say(`HTTP: ${MANY_LINES} lines`);
    const first = Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith("lines[0]")));
    for (const name of Object.keys(fields)) if (name.startsWith("lines[")) delete fields[name];
    for (let at = 0; at < MANY_LINES; at++) for (const [name, value] of Object.entries(first)) fields[name.replace("[0]", `[${at}]`)] = value;
    for (let at = 0; at < MANY_LINES; at++)
      Object.assign(fields, {
        [`lines[${at}][quantity]`]: "1",
        [`lines[${at}][unit_price]`]: "1",
        [`lines[${at}][discount]`]: "",
        [`lines[${at}][description]`]: `Line ${at + 1}`,
      });
    wish.meantNet = undefined;
  }
  if (dice.percent(25)) fields.memo = plainText(dice);
  const preview = await call(`/deals/${deal.id}/form/preview`, fields);
  const seen = readSums(preview.text);
  const times = dice.percent(25) ? 2 : 1;
  say(`HTTP: Create ${times === 2 ? "twice at once" : ""}, ${seen.total} shown`);
  const answers = await Promise.all(Array.from({ length: times }, async () => settled(call, await call(`/deals/${deal.id}/invoices`, fields))));
  const answer = answers[0];
  if (/data-confirm-create/.test(answer.text)) {
    wish.asked.push("HTTP");
    say("HTTP: is asked, and leaves it");
  }
  for (const each of answers) if (each.status >= 500) await violate(5, `Create answers ${each.status}`, { key: "5xx" });
  const isIssued = answers.some((each) => /data-number=/.test(each.text));
  wish.answer = {
    state: isIssued ? "issued" : answer.status === 422 ? "errors" : "told",
    note: answer.text
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ")
      .trim(),
  };
  say(`HTTP: ${wish.answer.state} ${wish.answer.note.slice(0, 120)}`);
  wish.meant = isIssued ? 1 : 0;
  const { rows } = await panelRows(world, who, deal.id);
  const found = rows.filter((row) => row.books && !deal.numbers.has(row.books));
  for (const row of found) deal.numbers.set(row.books, { row: row.id, wish: wish.at });
  wish.made = found.length;
  if (found.length !== wish.meant) await violate(2, `${found.length} invoices were made, ${wish.meant} meant (HTTP)`, { key: "count, HTTP" });
  for (const row of found) {
    const invoice = await world.invoice(row.books);
    const expected = seen.isBeforeTax ? net(invoice) : invoice.TotalAmt;
    if (!same(amountOf(seen.total, who.language), expected))
      await violate(1, `invoice ${invoice.DocNumber} is over ${expected}, the form showed ${seen.total} (HTTP)`, { key: "shown total, HTTP" });
    if (invoice.DueDate !== fields.due || invoice.TxnDate !== fields.issued)
      await violate(1, `invoice ${invoice.DocNumber} has other dates (HTTP)`, { key: "dates, HTTP" });
    if (
      wish.meantNet !== undefined &&
      naive.isKnown &&
      (invoice.CurrencyRef?.value ?? world.home) === naive.currency &&
      !same(net(invoice), wish.meantNet, naive.within)
    )
      await violate(1, `a part over ${wish.meantNet.toFixed(2)} was meant; invoice ${invoice.DocNumber} bills ${net(invoice).toFixed(2)} (HTTP)`, {
        key: "meant, HTTP",
      });
  }
  if (found.length) {
    const now = await remaining(world, deal);
    if (now.isKnown && now.worth > 0 && now.over > now.within && now.over > Math.max(0, naive.over) + now.within)
      await violate(3, `${now.billed.toFixed(2)} of ${now.worth.toFixed(2)} are billed, and nobody confirmed it (HTTP)`, { key: "more than the deal, HTTP" });
  }
  await account(wish);
  return undefined;
}
