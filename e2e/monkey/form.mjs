// Actions in an open form: fills it in, corrects it, plays with it.
import { amountOf, decimals } from "./numbers.mjs";
import * as page from "./page.mjs";
import { oddEmail, oddNumber, oddText, plainText, typeNumber } from "./values.mjs";

const today = () => new Date().toISOString().slice(0, 10);
const laterDay = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** A customer of QuickBooks in this currency, or a new one. */
export function drawCustomer(world, dice, currency) {
  const known = world.customers.filter((customer) => customer.currency === currency);
  return known.length && dice.percent(80) ? dice.of(known).name : `Monkey customer ${currency} ${dice.below(40)}`;
}

export async function pickCustomer({ tab, say }, name) {
  say(`customer "${name}"`);
  await page.type(tab, "#customer_name", name);
  await page.quiet(tab);
  return page.pickOption(tab, page.CUSTOMERS, name);
}

/** Types a part of an item's name, reports errors of the list, and chooses the item. */
export async function searchItem({ tab, say, violate }, at, name, typed = name) {
  say(`item of line ${at + 1}: types "${typed}"`);
  await page.type(tab, page.lineField(at, "item"), typed);
  await page.quiet(tab, 200);
  const shown = async () => (await page.shownOptions(tab, page.itemsOf(at))).filter(({ id }) => id !== "new");
  let options = await shown();
  // On a slow machine the list comes later.
  for (let tries = 0; tries < 30 && !options.some((option) => option.name === name); tries++) {
    await page.quiet(tab, 100);
    options = await shown();
  }
  const others = options.filter(({ text }) => !text.toLowerCase().includes(typed.trim().toLowerCase()));
  if (others.length)
    await violate(5, `the item list shows ${others.length} of ${options.length} items that do not hold "${typed}", the first: "${others[0].text}"`, {
      key: "item search",
    });
  else if (!options.some((option) => option.name === name)) await violate(5, `the item list does not show "${name}" for "${typed}"`, { key: "item search" });
  return page.pickOption(tab, page.itemsOf(at), name);
}

/** Fills in missing values and corrects errors until the page names none. */
export async function complete(wish) {
  const { tab, world, dice, say } = wish;
  for (let round = 0; round < 4; round++) {
    const seen = await page.look(tab);
    if (!seen.isForm || seen.missing.length === 0) return seen;
    const done = new Set();
    for (const { field } of seen.missing) {
      if (done.has(field)) continue;
      done.add(field);
      await mend(wish, seen, field).catch((error) => say(`could not mend ${field}: ${error.message.split("\n")[0]}`));
    }
    await page.quiet(tab);
  }
  return page.look(tab);

  async function mend(wish, seen, field) {
    const line = /^lines-(\d+)-(\w+)$/.exec(field);
    if (line) {
      const [, at, name] = line;
      const value = seen.lines[at];
      if (name !== "item" && name !== "tax_code") wish.meantNet = undefined;
      if (name === "item") return searchItem(wish, Number(at), dice.of(world.items));
      if (name === "tax_code") return page.choose(tab, `#${field}`, value.taxes.find(Boolean) ?? "");
      if (name === "quantity") return page.type(tab, `#${field}`, "1");
      if (name === "unit_price") return page.type(tab, `#${field}`, "10");
      return page.type(tab, `#${field}`, "");
    }
    say(`mends ${field}`);
    switch (field) {
      case "customer_name":
        return pickCustomer(wish, wish.customer ?? drawCustomer(world, dice, seen.fields.currency || world.home));
      case "currency": {
        const options = await tab.form.locator("#currency option").evaluateAll((all) => all.map(({ value }) => value).filter(Boolean));
        const wanted = /\b[A-Z]{3}\b/.exec(seen.missing.find((each) => each.field === "currency").text)?.[0];
        wish.meantNet = undefined;
        await page.choose(tab, "#currency", options.includes(wanted) ? wanted : options.includes(world.home) ? world.home : options[0]);
        await page.quiet(tab);
        return page.answerPrices(tab, dice.percent(75) ? "convert" : "empty");
      }
      case "invoice_code": {
        const options = await tab.form.locator("#invoice_code option").evaluateAll((all) => all.map(({ value }) => value).filter(Boolean));
        return page.choose(tab, "#invoice_code", options[0]);
      }
      case "issued":
        return page.type(tab, "#issued", today());
      case "due":
        return page.type(tab, "#due", laterDay(seen.fields.issued || today(), 7));
      case "lines": {
        wish.meantNet = undefined;
        const at = seen.lines.length ? 0 : await page.addLine(tab);
        return page.type(tab, page.lineField(at, "description"), "One more line");
      }
      default:
        return page.type(tab, `#${field}`, field === "to" ? "To whom it may concern" : "");
    }
  }
}

/** Lines with items of their own. */
export async function addLine(wish, { description, quantity, price }) {
  const { tab, world, dice, say } = wish;
  const at = await page.addLine(tab);
  say(`adds line ${at + 1}: "${description.slice(0, 30)}", ${quantity} × ${price}`);
  const item = dice.of(world.items);
  await searchItem(wish, at, item, dice.percent(50) ? item : item.slice(0, 4));
  await page.type(tab, page.lineField(at, "description"), description);
  await page.type(tab, page.lineField(at, "quantity"), quantity);
  await page.type(tab, page.lineField(at, "price"), price);
}

/** A random change of the lines or discounts. */
export async function editOnce(wish) {
  const { tab, dice, say, who, odd } = wish;
  const seen = await page.look(tab);
  if (!seen.isForm) return;
  const currency = seen.fields.currency || wish.world.home;
  const number = (value, places = 2) => (odd && dice.percent(60) ? oddNumber(dice) : typeNumber(dice, who.language, value, places));
  const at = seen.lines.length ? dice.below(seen.lines.length) : 0;
  const acts = ["quantity", "quantity", "price", "off", "add", "remove", "copy", "move", "whole", "negative"];
  let act = dice.of(acts);
  if (seen.lines.length === 0) act = "add";
  if (act === "remove" && seen.lines.length < 2) act = "quantity";
  const how = dice.of(["fill", "fill", "keys", "paste"]);
  wish.meantNet = undefined;
  switch (act) {
    case "quantity": {
      const now = amountOf(seen.lines[at].quantity, who.language) || 1;
      const value = number(dice.percent(80) ? now / 2 : now + 1, 3);
      say(`quantity of line ${at + 1}: ${JSON.stringify(value)} (${how})`);
      return page.type(tab, page.lineField(at, "quantity"), value, how);
    }
    case "price": {
      const now = amountOf(seen.lines[at].price, who.language) || 10;
      const value = number(Number((now * (dice.percent(75) ? 0.9 : 1.05)).toFixed(decimals(currency))), decimals(currency));
      say(`price of line ${at + 1}: ${JSON.stringify(value)} (${how})`);
      return page.type(tab, page.lineField(at, "price"), value, how);
    }
    case "off": {
      const value = number(dice.of([5, 12.5, 33.33, 100, 0]));
      say(`discount of line ${at + 1}: ${JSON.stringify(value)}`);
      return page.type(tab, page.lineField(at, "discount"), value, how);
    }
    case "add":
      return addLine(wish, {
        description: odd ? oddText(dice) : plainText(dice),
        quantity: number(1 + dice.below(3), 0),
        price: number(1 + dice.below(50), 0),
      });
    case "negative":
      return addLine(wish, { description: "Credit for last month", quantity: "1", price: typeNumber(dice, who.language, -(1 + dice.below(20))) });
    case "remove":
      say(`removes line ${at + 1}`);
      return page.actOnLine(tab, at, "remove");
    case "copy":
      say(`copies line ${at + 1}`);
      return page.actOnLine(tab, at, "copy");
    case "move":
      say(`moves line ${at + 1} up`);
      return page.actOnLine(tab, at, "up");
    case "whole": {
      if (!(await tab.form.locator("#discount").count())) return undefined;
      const kind = dice.percent(60) ? "percent" : "amount";
      const value = number(kind === "percent" ? dice.of([5, 10, 12.5]) : 1 + dice.below(5));
      say(`discount on the whole: ${JSON.stringify(value)} ${kind}`);
      await page.choose(tab, "#discount_kind", kind);
      return page.type(tab, "#discount", value, how);
    }
  }
}

/** Types texts into fields that are not money. */
export async function typeTexts(wish) {
  const { tab, dice, say, odd } = wish;
  for (const id of ["to", "email", "street", "city", "postal_code", "message", "memo", "cc", "tax_id"]) {
    if (!dice.percent(odd ? 35 : 12)) continue;
    const field = tab.form.locator(`#${id}`);
    if (!(await field.count()) || !(await field.isVisible())) continue;
    const isMail = id === "email" || id === "cc";
    const text = odd
      ? isMail
        ? oddEmail(dice)
        : oddText(dice)
      : isMail
        ? `p${dice.below(99)}@customer.example`
        : id === "postal_code"
          ? "97201"
          : id === "tax_id"
            ? "12-3456789"
            : plainText(dice);
    const how = dice.of(["fill", "fill", "paste", "keys"]);
    say(`${id}: ${JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text)} (${how})`);
    await page.type(tab, `#${id}`, text, how);
  }
}

/** The fields that have changed. */
export function lostFields(before, after) {
  const kept = (fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => name !== "intent" && name !== "due_follows"));
  // A page cannot hold a NUL: HTML puts another character in its place.
  const same = (text) => (text ?? "").replace(/\r\n/g, "\n").replaceAll("\u0000", "\ufffd");
  const [one, other] = [kept(before), kept(after)];
  return Object.keys(one)
    .filter((name) => same(one[name]) !== same(other[name]))
    .map((name) => `${name}: ${JSON.stringify((one[name] ?? "").slice(0, 60))} became ${JSON.stringify((other[name] ?? "(nothing)").slice(0, 60))}`);
}
