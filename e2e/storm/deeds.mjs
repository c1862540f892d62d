// What happens to invoices that stand: people void, delete and send them; the accountant takes payments.
import { control } from "../http.mjs";
import { quickbooks } from "../story.mjs";
import { person, rows } from "./people.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const SHARES = { void: 12, delete: 6, send: 10, pay: 12, "void in QuickBooks": 4 };

/** Perhaps something happens to the invoice; what, is noted in `intent.deed`. */
export async function deeds(env, intent, replicas, dice, until) {
  let draw = dice.below(100);
  intent.deed = Object.keys(SHARES).find((deed) => (draw -= SHARES[deed]) < 0) ?? "nothing";
  const { who } = intent.desk;
  // The accountant looks until there is an answer: the faults are for whoever asks.
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

/** Somebody voids, deletes or sends the invoice: pressed until they are told how it ended. */
export async function carry(env, intent, deed, replicas, dice, until) {
  const { who, deal } = intent.desk;
  intent.deed = deed;
  const call = person(env, who, replicas, dice);
  intent.recipient = `storm-${intent.at}@customer.example`;
  let key;
  // Pressed until an answer says how it stands: the button, as the row shows it at that time.
  while (Date.now() < until()) {
    try {
      // It is among the newest, nearly always.
      const named = (each) => each.number === intent.number;
      const row = (await rows(call, deal, 60)).find(named) ?? (await rows(call, deal)).find(named);
      if (!row) return undefined;
      if ((intent.deed === "void" && row.status === "voided") || (intent.deed === "delete" && row.status === "deleted")) {
        intent.removed = intent.deed === "delete";
        return undefined;
      }
      // One form, pressed until it is answered.
      if (intent.deed === "send")
        key ??= /name="key" value="([^"]+)"/.exec((await call("panel", `/panel/deal/${deal}/invoices/${row.id}/recipient`)).text)?.[1];
      if (intent.deed === "send" && !key) continue;
      const fields = intent.deed === "send" ? { recipient: intent.recipient, key } : { seen: row.seen ?? "" };
      const answer = await call("panel", `/panel/deal/${deal}/invoices/${row.id}/${intent.deed}`, fields);
      if (intent.deed === "send" && answer.status === 200) {
        intent.sent = true;
        return undefined;
      }
      // They were told why not.
      if (intent.deed === "send" && answer.status === 409 && /field-error/.test(answer.text)) return undefined;
    } catch {
      // Nothing came back.
    }
    await pause(300 + dice.below(500));
  }
  intent.deed += ", never told";
  return undefined;
}
