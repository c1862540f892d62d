// Actions on issued invoices: users void, delete and send them; the accountant receives payments.
import { control } from "../http.mjs";
import { quickbooks } from "../story.mjs";
import { person, rows } from "./people.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const SHARES = { void: 12, delete: 6, send: 10, pay: 12, "void in QuickBooks": 4 };

/** Perhaps acts on the invoice; `intent.deed` notes the action. */
export async function deeds(env, intent, replicas, dice, until) {
  let draw = dice.below(100);
  intent.deed = Object.keys(SHARES).find((deed) => (draw -= SHARES[deed]) < 0) ?? "nothing";
  const { who } = intent.desk;
  // The accountant retries until there is an answer: faults strike every caller.
  const found = async () => {
    while (Date.now() < until()) {
      const answer = await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${intent.number}'`).catch(() => undefined);
      if (answer?.Invoice) return answer.Invoice;
      await pause(100);
    }
    throw new Error(`invoice ${intent.number} is not in the books`);
  };
  const accountant = async (path, more = {}) => {
    const Invoice = await found();
    await control(env, path, {
      realm_id: who.realm,
      ...(path.endsWith("payment") ? { invoice_id: Invoice[0].Id } : { entity: "Invoice", id: Invoice[0].Id }),
      ...more,
    });
  };
  if (intent.deed === "pay") return accountant("/quickbooks/payment", dice.percent(50) ? { amount: 10 } : {});
  if (intent.deed === "void in QuickBooks") return accountant("/quickbooks/void");
  if (intent.deed !== "nothing") await carry(env, intent, intent.deed, replicas, dice, until);
  return undefined;
}

/** A user voids, deletes or sends the invoice, and presses again until an answer says how it ended. */
export async function carry(env, intent, deed, replicas, dice, until) {
  const { who, deal } = intent.desk;
  intent.deed = deed;
  const call = person(env, who, replicas, dice);
  intent.recipient = `storm-${intent.at}@customer.example`;
  let key;
  // Presses the button of the current row until an answer says how it ended.
  while (Date.now() < until()) {
    try {
      // It is nearly always among the newest.
      const named = (each) => each.number === intent.number;
      const row = (await rows(call, deal, 60)).find(named) ?? (await rows(call, deal)).find(named);
      if (!row) return undefined;
      if ((intent.deed === "void" && row.status === "voided") || (intent.deed === "delete" && row.status === "deleted")) {
        intent.removed = intent.deed === "delete";
        return undefined;
      }
      // One form, posted until it is answered.
      if (intent.deed === "send")
        key ??= /name="key" value="([^"]+)"/.exec((await call("panel", `/panel/deal/${deal}/invoices/${row.id}/recipient`)).text)?.[1];
      if (intent.deed === "send" && !key) continue;
      const fields = intent.deed === "send" ? { recipient: intent.recipient, key } : { seen: row.seen ?? "" };
      const answer = await call("panel", `/panel/deal/${deal}/invoices/${row.id}/${intent.deed}`, fields);
      if (intent.deed === "send" && answer.status === 200) {
        intent.sent = true;
        return undefined;
      }
      // The answer said why not.
      if (intent.deed === "send" && answer.status === 409 && /field-error/.test(answer.text)) return undefined;
    } catch {
      // No answer.
    }
    await pause(300 + dice.below(500));
  }
  intent.deed += ", never told";
  return undefined;
}
