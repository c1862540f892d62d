// One wish of a user: an invoice for a deal or a part of it. The steps are random; the result is compared with QuickBooks.
import { complete, drawCustomer, editOnce, lostFields, pickCustomer, searchItem, typeTexts } from "./form.mjs";
import { decimals, round, same } from "./numbers.mjs";
import { differences, net, netShown, panelDifferences, remaining } from "./oracle.mjs";
import { billByHttp } from "./http.mjs";
import * as page from "./page.mjs";
import { typeNumber } from "./values.mjs";
import { worth } from "./world.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const ARRIVES_MS = 8000;
const DAY_MS = 86_400_000;

/** Draws from weights: `{ name: share }`. */
export function weigh(dice, shares) {
  let draw = dice.below(Object.values(shares).reduce((sum, share) => sum + share, 0));
  return Object.keys(shares).find((name) => (draw -= shares[name]) < 0);
}

/** The invoices that are new on a deal; kept as the deal's. */
async function arrivals(wish) {
  const { world, deal, who } = wish;
  let found = [];
  for (let at = 0; at < 40; at++) {
    const { rows } = await page.panelRows(world, who, deal.id);
    found = rows.filter((row) => row.books && !deal.numbers.has(row.books));
    if (!rows.some((row) => row.status === "checking")) break;
    await pause(200);
  }
  for (const row of found) deal.numbers.set(row.books, { row: row.id, wish: wish.at });
  return Promise.all(found.map(({ books }) => world.invoice(books)));
}

/** Opens the form, and compares its proposal with what remains of the deal. */
async function open(wish) {
  const { tab, say, violate, deal } = wish;
  say(`opens deal ${deal.id}`);
  await page.openDeal(tab, deal.id);
  const isDouble = wish.double;
  say(isDouble ? "double click on + Invoice" : "+ Invoice");
  await page.openForm(tab, { times: isDouble ? 2 : 1 });
  if (isDouble) {
    await pause(250);
    const stacked = await page.openForms(tab);
    if (stacked > 1) await violate(2, `a double click on + Invoice opens ${stacked} forms above each other`, { key: "stacked forms" });
    await page.waitForForm(tab);
  }
  return page.look(tab);
}

/** False if the form proposes something else than what remains. */
async function compareOpening(wish, seen) {
  const { violate, who, deal, naive } = wish;
  if (!seen.isForm || seen.restored || !naive.isKnown || seen.fields.currency !== naive.currency) return true;
  const shown = netShown(seen.sums, who.language);
  const said = `${naive.count} invoices over ${naive.billed.toFixed(2)} of ${naive.worth.toFixed(2)} ${naive.currency}`;
  if (naive.count > 0 && naive.worth > 0 && naive.left <= naive.within) {
    if (seen.lines.length === 0 && !seen.earlier)
      await violate(3, `a fully billed deal (${said}) opens without lines and does not say why`, { key: "fully billed, unsaid" });
    if (seen.lines.length > 0 && !(Math.abs(shown) <= naive.within)) {
      deal.retired = true;
      await violate(3, `a fully billed deal (${said}) opens with ${seen.lines.length} lines over ${seen.sums[0]?.value}`, { key: "fully billed" });
      return false;
    }
    return true;
  }
  const isRight = same(shown, naive.left, naive.within);
  if (!isRight) {
    deal.retired = true;
    await violate(3, `the form opens with ${shown} before tax; ${naive.left.toFixed(2)} remain (${said})`, { key: "remaining" });
  }
  return isRight;
}

/** Closes the form and opens it again: the input is there. */
async function reopen(wish, how) {
  const { tab, say, violate, deal, dice } = wish;
  // With a second tab the form may be open elsewhere: without waiting for a response this is not shown.
  const isHasty = dice.percent(15) && !wish.second;
  if (isHasty) {
    say("memo, and closes at once");
    await page.type(tab, "#memo", `last words ${wish.at}`);
  } else {
    await page.quiet(tab);
  }
  const before = await page.look(tab);
  if (!before.isForm || before.lines.length === 0) return;
  // The page says that the form is open elsewhere: input here is not stored.
  if (before.stale) return say(`leaves the form open: ${before.stale.slice(0, 60)}`);
  say(`closes the form (${how}) and opens it again`);
  if (how === "reload") {
    await page.leaveAll(tab);
    await tab.page.reload({ waitUntil: "domcontentloaded" });
    await page.waitForPanel(tab);
  } else if (how === "back") {
    await tab.page.goBack({ waitUntil: "domcontentloaded" }).catch(() => undefined);
    await page.openDeal(tab, deal.id);
  } else if (how === "leave") {
    if (!(await page.leaveForm(tab))) await violate(5, "the form cannot be left by its own button");
  } else {
    await page.closeForm(tab);
  }
  if (how !== "reload" && how !== "back") await page.waitForPanel(tab);
  await page.leaveAll(tab);
  await page.openForm(tab);
  const after = await page.look(tab);
  if (!after.isForm) return;
  // Nothing was typed: then there is no draft, and the form is a new one.
  const typed = wish.hasTyped || isHasty;
  if (!typed) return;
  const lost = lostFields(before.fields, after.fields);
  if (lost.length)
    await violate(4, `after ${how}${isHasty ? " at once after typing" : ""} ${lost.length} fields are not as they were: ${lost.slice(0, 3).join("; ")}`, {
      key: isHasty ? "lost at once" : "lost",
    });
}

/** A colleague changes the deal in the meantime. */
async function changeDeal(wish) {
  const { world, deal, dice, say } = wish;
  const { value, hasProducts } = await worth(world, deal.id);
  if (!hasProducts) {
    const changed = round(value * dice.of([0.9, 1.1, 2]), world.home);
    say(`meanwhile the deal is worth ${changed}`);
    return world.pipedrive(`/deals/${deal.id}`, "PATCH", { value: changed });
  }
  if (dice.percent(50)) {
    say("meanwhile the deal gets one more product");
    return world.pipedrive(`/deals/${deal.id}/products`, "POST", {
      product_id: dice.of(world.own.products).id,
      item_price: 15,
      quantity: 1,
      tax_method: "exclusive",
    });
  }
  say("meanwhile the deal gets a discount of 5 %");
  return world.pipedrive(`/deals/${deal.id}/discounts`, "POST", { description: "Late", amount: 5, type: "percentage" });
}

/** A colleague bills what remains while the form is open. */
async function colleague(wish) {
  const { world, who, deal, say } = wish;
  const other = world.people.find(({ user }) => user !== who.user);
  const told = await billByHttp(wish, other);
  say(`meanwhile ${other.name} bills the deal: ${told.slice(0, 80)}`);
  wish.changed = true;
  if (wish.way === "asIs" || wish.way === "rest") wish.meantNet = undefined;
  await arrivals(wish);
  wish.over = (await remaining(world, deal)).over;
}

/** Enter in a field never creates an invoice. */
async function pressEnter(wish, selector) {
  const { tab, desk, say, violate } = wish;
  const field = tab.form.locator(selector);
  if (!(await field.count()) || !(await field.isVisible())) return;
  const before = desk.presses.length;
  const rows = await tab.form.locator("tbody tr").count();
  say(`Enter in ${selector}`);
  await page.forgetAnswers(tab);
  await field.focus();
  await tab.page.keyboard.press("Enter");
  page.touch(tab);
  await pause(60);
  if (desk.presses.length > before) {
    wish.entered = true;
    await violate(2, `Enter in ${selector} submits the form`, { key: `enter ${selector.replace(/\d+/, "n")}` });
    wish.answer = await page.outcome(tab);
    return;
  }
  await page.quiet(tab);
  await dropAddedLines(wish, rows);
}

/** Removes the text that an action has appended. */
async function dropAddedLines({ tab }, rows) {
  const now = await tab.form
    .locator("tbody tr")
    .count()
    .catch(() => rows);
  for (let at = now - 1; at >= rows; at--) await page.actOnLine(tab, at, "remove").catch(() => undefined);
  if (now > rows) await page.quiet(tab);
}

/** Presses a random control; the page has to change. */
async function pressControl(wish) {
  const { tab, dice, say, violate } = wish;
  const harmless =
    "#invoice-form button:not(#create):not([data-act]):not([data-confirm-create]):not([hx-post*=discard]):not([hx-post*='form/change']):not([data-line]):not([data-part])";
  const buttons = tab.form.locator(`${harmless}:visible`);
  const count = await buttons.count();
  if (count === 0) return;
  const button = buttons.nth(dice.below(count));
  const name = (await button.evaluate((element) => element.getAttribute("aria-label") || element.textContent.trim() || element.id)).slice(0, 40);
  say(`presses "${name}"`);
  const rows = await tab.form.locator("tbody tr").count();
  const watched = tab.form.evaluate(() => window.monkeyWatch());
  await button.click({ timeout: 2000 }).catch((error) => say(`could not press it: ${error.message.split("\n")[0]}`));
  page.touch(tab);
  const changes = await watched.catch(() => 1);
  if (changes === 0 && tab.busy.size === 0) await violate(5, `the control "${name}" does nothing`, { key: `control ${name}` });
  await tab.page.keyboard.press("Escape");
  await pause(60);
  await dropAddedLines(wish, rows);
}

/** Looks for texts that are cut off and lists that are clipped. */
async function lookAround(wish, { open: isOpen = false } = {}) {
  const { tab, say, violate, narrow } = wish;
  const width = narrow ? 320 : 1366;
  if (isOpen && (await tab.form.locator(page.lineField(0, "item")).count())) {
    say("opens the item list");
    await tab.form
      .locator(page.lineField(0, "item"))
      .scrollIntoViewIfNeeded()
      .catch(() => undefined);
    await tab.form.locator(page.lineField(0, "item")).click();
    page.touch(tab);
    await page.quiet(tab);
  }
  for (const found of await tab.form.evaluate(() => window.monkeyCutOff()))
    await violate(5, `at ${width} px, form: ${found}`, { key: `cut ${width} ${found.replace(/\d+|".*"/g, "")}` });
  if (isOpen) await tab.page.keyboard.press("Escape");
}

const FIDGETS = {
  none: 30,
  enter: 14,
  escape: 6,
  tab: 6,
  reopen: 12,
  reload: 3,
  back: 3,
  deal: 4,
  colleague: 4,
  search: 12,
  control: 10,
  currency: 4,
  customer: 4,
  dates: 6,
  looks: 10,
  texts: 18,
};

async function fidget(wish) {
  const { tab, dice, say, world } = wish;
  const act = weigh(dice, FIDGETS);
  const seen = await page.look(tab).catch(() => ({}));
  if (!seen.isForm) return;
  switch (act) {
    case "enter":
      return pressEnter(
        wish,
        dice.of([
          "#to",
          "#email",
          "#city",
          "#tax_id",
          "#part",
          "#customer_name",
          "#due",
          "#discount",
          "#lines-0-quantity",
          "#lines-0-unit_price",
          "#lines-0-description",
          "#lines-0-item",
        ]),
      );
    case "escape": {
      say("Escape in #to");
      const before = await page.openForms(tab);
      await tab.form.locator("#to").focus();
      await tab.page.keyboard.press("Escape");
      await pause(50);
      const now = await page.openForms(tab);
      if (now < before && wish.hasTyped) say("Escape closed the form");
      if (now < before) await page.openForm(tab);
      return;
    }
    case "tab":
      say("Tab, Tab, Tab");
      await tab.form.locator("#to").focus();
      for (let at = 0; at < 3; at++) await tab.page.keyboard.press("Tab");
      return;
    case "reopen":
      return reopen(wish, dice.of(["x", "leave"]));
    case "reload":
    case "back":
      return reopen(wish, act);
    case "deal":
      wish.changed = true;
      wish.meantNet = undefined;
      return changeDeal(wish);
    case "colleague":
      return colleague(wish);
    case "search": {
      if (seen.lines.length === 0) return;
      wish.hasTyped = true;
      const name = dice.of(world.items);
      await searchItem(wish, dice.below(seen.lines.length), name, dice.percent(50) ? name : name.slice(0, 3 + dice.below(4)));
      return;
    }
    case "control":
      return pressControl(wish);
    case "currency": {
      const options = await tab.form.locator("#currency option").evaluateAll((all) => all.map(({ value }) => value).filter(Boolean));
      const other = dice.of(options);
      if (options.length < 2 || other === seen.fields.currency) return;
      say(`currency ${other}, and back`);
      await page.choose(tab, "#currency", other);
      await page.quiet(tab);
      if (dice.percent(40) && (await page.answerPrices(tab, dice.percent(50) ? "convert" : "empty"))) {
        say("answers what becomes of the prices");
        wish.meantNet = undefined;
        return undefined;
      }
      if (seen.fields.currency) await page.choose(tab, "#currency", seen.fields.currency);
      return page.quiet(tab);
    }
    case "customer":
      wish.hasTyped = true;
      return void (await pickCustomer(wish, drawCustomer(world, dice, seen.fields.currency || world.home)));
    case "dates": {
      const day = new Date(Date.parse(seen.fields.issued || "2026-01-01") + (dice.below(60) - 20) * DAY_MS).toISOString().slice(0, 10);
      say(`issue date ${day}`);
      wish.hasTyped = true;
      await page.type(tab, "#issued", day);
      if (dice.percent(40)) {
        const due = new Date(Date.parse(day) + dice.below(45) * DAY_MS).toISOString().slice(0, 10);
        say(`due date ${due}`);
        await page.type(tab, "#due", due);
      }
      return page.quiet(tab);
    }
    case "looks":
      return lookAround(wish, { open: dice.percent(60) });
    case "texts":
      wish.hasTyped = true;
      return typeTexts(wish);
  }
}

/** Chooses what to bill. */
async function chooseWhat(wish) {
  const { tab, dice, say, who, naive } = wish;
  const { language } = who;
  const currency = naive.currency;
  switch (wish.way) {
    case "percent": {
      const percent = dice.of([10, 12.5, 20, 25, 30, 33.33, 40, 50]);
      const text = typeNumber(dice, language, percent);
      const press = dice.percent(55);
      say(`part: ${text} %${press ? "" : ", without pressing anything"}`);
      wish.hasTyped = true;
      await page.typePart(tab, "percent", text, { press });
      wish.meantNet = (naive.worth * percent) / 100;
      wish.meantWords = `${text} % of ${naive.worth.toFixed(2)}`;
      if (dice.percent(35)) await pressEnter(wish, "#part");
      return;
    }
    case "amount": {
      const value = round(naive.left * dice.of([0.1, 0.25, 0.5]), currency) || 1;
      const text = typeNumber(dice, language, value, decimals(currency));
      const press = dice.percent(70);
      say(`part: ${text} ${currency}${press ? "" : ", without pressing anything"}`);
      wish.hasTyped = true;
      await page.typePart(tab, "amount", text, { press });
      wish.meantNet = value;
      wish.meantWords = `${text} ${currency}`;
      return;
    }
    case "all":
      say("the whole deal");
      wish.hasTyped = await page.takePart(tab, "all");
      wish.meantNet = naive.worth;
      wish.meantWords = "the whole deal";
      return;
    case "rest":
      say("what remains");
      if (await page.takePart(tab, "remaining")) wish.hasTyped = true;
      wish.meantNet = naive.left;
      wish.meantWords = "what remains";
      return;
    case "edited":
      wish.hasTyped = true;
      for (let left = 1 + dice.below(3); left > 0; left--) await editOnce(wish);
      return page.quiet(tab);
    default:
      wish.meantNet = naive.left;
      wish.meantWords = "what the form opens with";
  }
}

/** After *Create*: the page's outcome, and its place. */
async function checkRefusal(wish, answer) {
  const { tab, violate } = wish;
  const unsaid = [];
  for (const { field, text } of answer.errors) {
    if (field === "invoice-form") {
      await violate(5, `a refusal stands at no field: "${text.slice(0, 120)}"`, { key: "refusal at no field" });
      continue;
    }
    if (field === "lines" && text) continue;
    const said = await tab.form
      .locator(`#${CSS_escape(field)}-error`)
      .textContent({ timeout: 400 })
      .catch(() => "");
    if (!said) unsaid.push(`${field}: ${text}`);
  }
  if (unsaid.length) await violate(5, `the refusal is not said at its field: ${unsaid[0]}`, { key: `unsaid ${unsaid[0].split(":")[0].replace(/\d+/, "n")}` });
}
const CSS_escape = (id) => id.replace(/[^\w-]/g, (sign) => `\\${sign}`);

/** Presses *Create* until the page says that the invoice is issued, or why it is not. */
async function createAndSee(wish) {
  const { tab, dice, say, violate } = wish;
  for (let round = 0; round < 3; round++) {
    const before = await page.look(tab);
    if (!before.isForm) return { state: "closed" };
    const how = weigh(dice, { click: 62, double: 16, triple: 8, keys: 14 });
    say(`Create (${how})`);
    wish.creates.push(how);
    await page.create(tab, how);
    let answer = await page.outcome(tab);
    if (answer.state === "asked") {
      wish.asked.push(answer.question);
      if (dice.percent(wish.boldness)) {
        say(`is asked "${answer.question.slice(0, 80)}" and confirms`);
        wish.confirmed += 1;
        await page.confirmCreate(tab);
        answer = await page.outcome(tab);
      } else {
        say(`is asked "${answer.question.slice(0, 80)}" and does not confirm`);
        return answer;
      }
    }
    if (answer.state === "issued") wish.meant += 1;
    if (answer.state === "stale") {
      say(`is told: ${answer.note.slice(0, 100)}`);
      if (dice.percent(60) && (await page.goOnHere(tab))) {
        say("goes on here");
      } else {
        say("opens the form anew");
        await page.closeForm(tab);
        await page.openForm(tab);
      }
      await complete(wish);
      continue;
    }
    if (answer.state !== "errors") return answer;
    say(
      `is told: ${answer.errors
        .map(({ field, text }) => `${field}: ${text}`)
        .join("; ")
        .slice(0, 200)}`,
    );
    await checkRefusal(wish, answer);
    const now = await page.look(tab);
    if (now.isForm) {
      const lost = lostFields(before.fields, now.fields);
      if (lost.length) await violate(4, `after a refusal ${lost.slice(0, 3).join("; ")}`, { key: "lost after refusal" });
    }
    if (round === 2) return answer;
    wish.refusals.push(...answer.errors.map(({ field }) => field.replace(/\d+/, "n")));
    await mendErrors(wish, answer.errors);
    await complete(wish);
  }
  return { state: "errors", errors: [] };
}

/** Replaces refused values by plain ones. */
async function mendErrors(wish, errors) {
  const { tab, dice, say, violate } = wish;
  wish.mended ??= new Set();
  for (const { field, text } of errors) {
    if (wish.mended.has(field))
      await violate(5, `${field} is refused again though it holds a plain value now: "${text.slice(0, 100)}"`, {
        key: `refused again ${field.replace(/\d+/, "n")}`,
      });
    const line = /^lines-(\d+)-(\w+)$/.exec(field);
    wish.meantNet = undefined;
    const plain = line
      ? { quantity: "1", unit_price: "10", discount: "", description: "Plain" }[line[2]]
      : {
          to: "Plain name",
          email: "",
          cc: "",
          message: "",
          memo: "",
          discount: "",
          tax_id: "",
          street: "Plain street 1",
          number: `W${wish.at}-${wish.mended.size}`,
        }[field];
    if (plain !== undefined) {
      await page.type(tab, `#${field}`, plain).catch(() => undefined);
      wish.mended.add(field);
    }
    if (wish.mended.has(field) && field === "street")
      for (const id of ["city", "state", "postal_code", "country"]) if (dice.percent(60)) await page.type(tab, `#${id}`, "").catch(() => undefined);
    if (field === "customer_name") await pickCustomer(wish, `Monkey customer again ${wish.at}`).catch(() => undefined);
    if (field === "invoice-form" && /2040|charact/i.test(text))
      for (const id of ["to", "message", "memo", "street", "city"]) await page.type(tab, `#${id}`, "plain").catch(() => undefined);
  }
  say(`mends ${errors.map(({ field }) => field).join(", ")}`);
  await page.quiet(tab);
}

/** A second tab on the same deal: opened before *Create* in the first, and pressed after it. */
async function secondTab(wish) {
  const { desk, say } = wish;
  const tab = (wish.second ??= await page.openTab(desk));
  say("opens the same deal in a second tab");
  await page.openDeal(tab, wish.deal.id);
  await page.openForm(tab);
  await page.quiet(tab);
  await complete({ ...wish, tab });
  return tab;
}

async function pressSecond(wish, tab, what) {
  const { say, dice } = wish;
  const now = await page.look(tab).catch(() => undefined);
  if (!now?.isForm) return say(`${what} has no form any more`);
  if (now.stale) say(`${what} says: ${now.stale.slice(0, 80)}`);
  if (await tab.form.locator("#create:disabled").count()) return say(`${what} has no Create any more`);
  say(`Create in ${what}`);
  await page.create(tab, "click");
  const answer = await page.outcome(tab);
  say(`${what} answers: ${answer.state} ${(answer.note ?? answer.question ?? "").slice(0, 80)}`);
  // The other tab made none: this press means the invoice.
  if (answer.state === "issued" && wish.meant === 0) wish.meant += 1;
  if (answer.state === "asked") {
    wish.asked.push(answer.question);
    if (dice.percent(25)) {
      say("confirms there");
      wish.confirmed += 1;
      await page.confirmCreate(tab);
      if ((await page.outcome(tab)).state === "issued") wish.meant += 1;
    }
  }
}

/** Compares QuickBooks with the wish. */
export async function judge(wish) {
  const { violate, world, deal, who } = wish;
  const made = await arrivals(wish);
  wish.made = made.length;
  // Where a company numbers by hand, an invoice may have none.
  if (wish.answer?.state === "issued" && made.length === 1 && made[0].DocNumber && !/\d/.test(wish.answer.note ?? ""))
    await violate(5, `the page tells of the new invoice without a number: "${wish.answer.note}"`, { key: "no number" });
  if (made.length !== wish.meant)
    await violate(
      2,
      `${made.length} invoices were made, ${wish.meant} meant (${made.map((invoice) => `${invoice?.DocNumber} over ${invoice?.TotalAmt}`).join(", ")})`,
      { key: wish.double ? "count, stacked forms" : wish.two ? "count, two tabs" : wish.entered ? "count, Enter" : "count" },
    );
  for (const invoice of made) {
    if (!invoice) continue;
    const all = wish.presses.filter(({ look }) => look?.isForm).map(({ look }) => ({ look, wrong: differences(look, invoice, world, who.language) }));
    const best = all.sort((one, other) => one.wrong.length - other.wrong.length)[0];
    if (!best) await violate(2, `invoice ${invoice.DocNumber} was made and no Create was seen`, { key: "no create" });
    else if (best.wrong.length)
      await violate(1, `invoice ${invoice.DocNumber} is not what was shown: ${best.wrong.slice(0, 4).join("; ")}`, {
        key: `shown ${best.wrong[0].split(":")[0].replace(/\d+/, "n")}`,
      });
    if (
      wish.meantNet !== undefined &&
      wish.naive.isKnown &&
      made.length === 1 &&
      (invoice.CurrencyRef?.value ?? world.home) === wish.naive.currency &&
      !same(net(invoice), wish.meantNet, wish.naive.within)
    ) {
      await violate(1, `${wish.meantWords} was meant, ${wish.meantNet.toFixed(2)}; invoice ${invoice.DocNumber} bills ${net(invoice).toFixed(2)} before tax`, {
        key: `meant ${wish.way}`,
      });
    }
  }
  if (made.length) {
    const now = await remaining(world, deal);
    const before = Math.max(0, wish.over ?? wish.naive.over);
    if (now.isKnown && now.worth > 0 && now.over > now.within && now.over > before + now.within && !wish.confirmed) {
      await violate(3, `${now.billed.toFixed(2)} of ${now.worth.toFixed(2)} ${now.currency} are billed, and nobody confirmed it`, {
        key: wish.changed ? "more than the deal, changed meanwhile" : wish.two ? "more than the deal, two tabs" : "more than the deal",
      });
    }
    if (now.over > -now.within && deal.wishes > 3) deal.retired = true;
  }
}

const DEEDS = { nothing: 58, pay: 12, partly: 10, void: 8, edit: 7, delete: 5 };

/** The accountant changes an invoice of the deal in QuickBooks. */
export async function account(wish) {
  const { world, deal, dice, say } = wish;
  const deed = weigh(dice, DEEDS);
  const ids = [...deal.numbers.keys()];
  if (deed === "nothing" || ids.length === 0) return;
  const id = dice.of(ids);
  const invoice = await world.invoice(id);
  if (!invoice) return;
  say(`in QuickBooks: ${deed} ${invoice.DocNumber}`);
  deal.touched = true;
  try {
    if (deed === "pay" && invoice.Balance > 0) await world.accountant("payment", { invoice_id: id });
    if (deed === "partly" && invoice.Balance > 1) await world.accountant("payment", { invoice_id: id, amount: Math.max(1, Math.floor(invoice.Balance / 3)) });
    if (deed === "void") await world.accountant("void", { entity: "Invoice", id });
    if (deed === "delete") await world.accountant("delete", { entity: "Invoice", id });
    if (deed === "edit") {
      const Line = invoice.Line.filter(({ DetailType }) => DetailType === "SalesItemLineDetail").map(
        ({ Id, DetailType, Description, SalesItemLineDetail: { ItemRef, TaxCodeRef, Qty } }, at) => {
          const quantity = Qty || 1;
          return {
            Id,
            DetailType,
            Description,
            Amount: at === 0 ? 10 * quantity : 1 * quantity,
            SalesItemLineDetail: { ItemRef, TaxCodeRef, Qty: quantity, UnitPrice: at === 0 ? 10 : 1 },
          };
        },
      );
      await world.accountant("edit", {
        entity: "Invoice",
        id,
        changes: { Line, ...(invoice.GlobalTaxCalculation === "TaxInclusive" ? { GlobalTaxCalculation: "TaxExcluded" } : {}) },
      });
    }
  } catch (/** @type {any} */ error) {
    say(`QuickBooks refuses: ${error.message.slice(0, 120)}`);
  }
}

/** Carries out the wish in the browser, from the deal's page to QuickBooks. */
export async function browserWish(wish) {
  const { desk, dice, world, deal, say, violate, who } = wish;
  const { tab } = desk;
  Object.assign(wish, { tab, creates: [], asked: [], refusals: [], meant: 0, confirmed: 0, made: 0, presses: (desk.presses = []), boldness: 35 });
  const marks = (wish.marks = {});
  let last = Date.now();
  const mark = (name) => {
    marks[name] = Date.now() - last;
    last = Date.now();
  };
  if (wish.narrow) await tab.page.setViewportSize(page.NARROW);
  try {
    if (deal.touched)
      for (const wrong of await panelDifferences(world, who, deal, ARRIVES_MS)) await violate(6, wrong, { key: wrong.replace(/\d[\d.,]*/g, "n").slice(0, 40) });
    deal.touched = false;
    wish.naive = await remaining(world, deal);
    mark("books");
    let seen = await open(wish);
    if (seen.restored && dice.percent(80)) {
      say("starts over from the deal");
      await page.discard(tab);
      seen = await page.look(tab);
    }
    wish.hasTyped = Boolean(seen.restored);
    mark("open");
    const isRight = await compareOpening(wish, seen);
    if (!seen.isForm) {
      wish.answer = { state: "closed", note: seen.refusedPage };
      say(`the page says: ${seen.refusedPage.slice(0, 100)}`);
    } else if (wish.naive.worth > 0 && wish.naive.count > 0 && wish.naive.left <= wish.naive.within && !dice.percent(25)) {
      say("nothing remains: leaves");
      deal.retired = true;
      wish.answer = { state: "nothing left" };
    } else {
      if (seen.restored) wish.way = "asIs";
      const isEarly = wish.two && dice.percent(50);
      const early = isEarly ? await secondTab(wish) : undefined;
      if (early) await page.bringToFront(tab.page);
      await chooseWhat(wish);
      mark("what");
      if (seen.restored || (!isRight && ["asIs", "rest"].includes(wish.way))) wish.meantNet = undefined;
      if (wish.odd) {
        wish.hasTyped = true;
        await (dice.percent(50) ? typeTexts(wish) : editOnce(wish));
      }
      for (let left = wish.plain ? dice.below(2) : 1 + dice.below(3); left > 0 && !wish.entered; left--) await fidget(wish);
      mark("fidget");
      if (!wish.entered) {
        await complete(wish);
        mark("complete");
        if (wish.narrow) await lookAround(wish, { open: dice.percent(50) });
        if (!dice.percent(6)) await page.quiet(tab);
        else say("is in haste");
        const second = early ?? (wish.two ? await secondTab(wish) : undefined);
        if (second && !early) await page.bringToFront(tab.page);
        wish.answer = await createAndSee(wish);
        mark("create");
        say(`answer: ${wish.answer.state} ${(wish.answer.note ?? "").slice(0, 80)}`);
        if (wish.answer.state === "silent") await violate(5, "Create does nothing, and the page says nothing", { key: "silent create" });
        if (second) {
          await page.bringToFront(second.page);
          await pressSecond(wish, second, "the second tab");
        }
        // The form that made the invoice closes itself; one that is still there was opened by the second click.
        if (wish.double && wish.answer.state === "issued" && (await page.formStays(tab))) {
          await page.waitForForm(tab);
          await complete(wish);
          await pressSecond(wish, tab, "the form below");
        }
      }
    }
    wish.page = tab.page;
    mark("after");
    await judge(wish);
    mark("judge");
    if (wish.answer?.state === "issued" && dice.percent(14)) await panelLooks(wish);
    if (!(await page.leaveAll(tab))) await violate(5, "something lies above the page and cannot be left", { key: "not left" });
    await account(wish);
  } finally {
    if (wish.narrow) await tab.page.setViewportSize(page.WIDE).catch(() => undefined);
    if (wish.second) await wish.second.page.close().catch(() => undefined);
    await page.leaveAll(tab).catch(() => undefined);
    for (const complaint of desk.complaints.splice(0)) await violate(5, complaint, { key: complaint.slice(0, 60) });
  }
}

/** Checks the panel after the form is closed. */
async function panelLooks(wish) {
  const { tab, violate } = wish;
  const frame = await page.waitForPanel(tab);
  const dots = frame.locator(".invoice .dots").first();
  await dots.waitFor({ timeout: 2000 }).catch(() => undefined);
  if (await dots.count()) {
    await dots.click({ timeout: 2000 }).catch(() => undefined);
    await pause(80);
  }
  for (const found of await frame.evaluate(() => window.monkeyCutOff()).catch(() => []))
    await violate(5, `panel: ${found}`, { key: `panel ${found.replace(/\d+|".*"/g, "")}` });
}
