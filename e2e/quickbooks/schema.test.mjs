// Compares the members that the sandbox has with Intuit's schemas, where these are available.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const { XMLParser } = createRequire(import.meta.url)("fast-xml-parser");
const folder = new URL("../../../shared/xsd/", import.meta.url);
const ours = new URL("../../crates/sandbox-quickbooks/src/schema/members.txt", import.meta.url);

/** Types and enumerations of the schemas, in the words of our file. */
function schemas() {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    removeNSPrefix: true,
    isArray: (name, _path, _leaf, isAttribute) => !isAttribute && !["schema", "complexContent", "simpleContent", "extension", "restriction"].includes(name),
  });
  const files = ["Finance", "IntuitBaseTypes", "IntuitNamesTypes", "SalesTax"].map((name) => parser.parse(readFileSync(new URL(`${name}.xsd`, folder))).schema);
  const complex = new Map();
  const simple = new Map();
  const globals = new Map();
  for (const file of files) {
    for (const type of file.complexType ?? []) if (!complex.has(type.name)) complex.set(type.name, type);
    for (const type of file.simpleType ?? []) if (!simple.has(type.name)) simple.set(type.name, type);
    for (const element of file.element ?? []) globals.set(element.name, element);
  }
  return { complex, simple, globals };
}

const local = (name) => name?.split(":").at(-1);

/** All members of a type: name -> type, those of its base included. */
function members({ complex, globals }, name) {
  const found = new Map();
  const walk = (node) => {
    if (!node || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach(walk);
    for (const [key, value] of Object.entries(node)) {
      if (key === "annotation") continue;
      if (key === "extension" && complex.has(local(value.base)))
        for (const [member, type] of members({ complex, globals }, local(value.base))) found.set(member, type);
      if (key === "element") {
        for (const element of value) {
          const named = element.name ?? local(element.ref);
          if (["IntuitObject", "AnyIntuitObject"].includes(named)) continue;
          found.set(named, local(element.type ?? globals.get(named)?.type));
        }
      }
      if (key === "attribute") for (const attribute of value) found.set(attribute.name, local(attribute.type));
      walk(value);
    }
  };
  walk(complex.get(name));
  return found;
}

test("the sandbox has every member of Intuit's schemas, and no other", { skip: existsSync(folder) ? false : "the schemas are not here" }, () => {
  const xsd = schemas();
  const lines = readFileSync(ours, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  const types = new Map(lines.filter((line) => !line.startsWith("=")).map((line) => [line.split(" ")[0], line.split(" ").slice(1)]));
  const entity = types.get("IntuitEntity") ?? assert.fail("no IntuitEntity");
  assert.ok(types.size > 80);
  for (const [name, words] of types) {
    if (name === "IntuitEntity") continue;
    const known = new Set((words[0] === "<" ? [...entity, ...words.slice(1)] : words).map((word) => word.split(":")[0].replace("*", "")));
    const theirs = [...members(xsd, name).keys()];
    // A reference and a memo hold their value as text.
    const expected = new Set(["ReferenceType", "MemoRef"].includes(name) ? [...theirs, "value"] : theirs);
    assert.deepEqual([...known].sort(), [...expected].sort(), name);
  }
  for (const line of lines.filter((line) => line.startsWith("="))) {
    const [name, ...values] = line.slice(1).split(" ");
    const theirs = (xsd.simple.get(name)?.restriction?.enumeration ?? []).map((value) => value.value.replaceAll(" ", "_"));
    assert.deepEqual(values, theirs, name);
  }
});
