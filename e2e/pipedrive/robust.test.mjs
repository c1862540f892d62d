// The sandbox answers whatever is sent to any operation, and refuses in Pipedrive's format.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ANA, begin } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
before(async () => {
  box = await begin();
});
after(() => box.end());

const deep = JSON.parse(`${"[".repeat(90)}1${"]".repeat(90)}`);
const BODIES = [
  null,
  [],
  [null, 5, "x", {}],
  "text",
  5,
  true,
  {},
  { title: {}, name: [], subject: 5, field_name: null, content: { a: 1 } },
  { title: "x", name: "x", value: 1e308, quantity: -1, item_price: "NaN", product_id: 2 ** 53, person_id: -1, org_id: 0.5, user_id: "1", owner_id: [] },
  {
    title: "ü".repeat(5000),
    name: "\u0000",
    custom_fields: { x: deep },
    label_ids: ["a"],
    emails: [5],
    phones: {},
    prices: [null],
    address: 5,
    conditions: { conditions: [{ conditions: [5] }] },
  },
  {
    merge_with_id: "x",
    ids: "a,b",
    data: [{}, 5],
    field_type: "enum",
    options: [5, { label: "" }],
    type: "deals",
    due_date: "yesterday",
    add_time: "2026-13-45",
    visible_to: "everyone",
    status: "eaten",
  },
];
const QUERIES = [
  "",
  "?limit=-1&start=x&cursor=%00&ids=1,,a&filter_id=x&sort_by=%27",
  "?term=%F0%9F%92%A9&status=a,b&updated_since=now&deal_ids=x&since_timestamp=%20&limit=99999999999999999999",
];

test("no request causes an internal error, whatever its body", async () => {
  const operations = readFileSync(new URL("../../crates/sandbox-pipedrive/src/api/operations.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  let token = (await box.grant()).access_token;
  const strange = [];
  let sent = 0;
  for (const line of operations) {
    const [version, method, template] = line.split(" ");
    const prefix = version === "v1" ? "/v1" : "/api/v2";
    const bodies = method === "GET" || method === "DELETE" ? [undefined] : BODIES;
    for (const id of ["1", "9223372036854775807", "-5"]) {
      for (const query of QUERIES) {
        for (const body of bodies) {
          // Each body once at an address, each query with one body.
          if (query && body !== bodies[0]) continue;
          const answer = await fetch(`${box.env.PIPEDRIVE_API_URL}${prefix}${template.replace(/{[^}]+}/g, id)}${query}`, {
            method,
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          const text = await answer.text();
          sent += 1;
          const fine = answer.status < 500 || answer.status === 501;
          const inForm = answer.status < 400 || (text.startsWith("{") && JSON.parse(text).success === false);
          if (!fine || !inForm)
            strange.push(`${answer.status} ${method} ${prefix}${template} (${id}) ${query} ${JSON.stringify(body)?.slice(0, 80)}: ${text.slice(0, 120)}`);
          // The users of the company are changed as well: the caller has to stay one of them.
          if (answer.status === 401) {
            await box.control("/pipedrive/users", { user_id: ANA, active: true, permissions: { can_use_api: true } });
            token = (await box.grant()).access_token;
          }
        }
      }
    }
  }
  assert.deepEqual(strange.slice(0, 20), []);
  assert.ok(sent > 5000, `${sent} calls`);
});
