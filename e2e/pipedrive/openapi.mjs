// Checks answers against Pipedrive's OpenAPI documents, where these are available.
import { Ajv } from "ajv";
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";

const file = (version) => new URL(`../../../shared/openapi/pipedrive-${version}.yaml`, import.meta.url);

/** Contradictions within the documents. */
const CONTRADICTIONS = [
  // A discount's id is a text everywhere but here.
  /^v2 DELETE \/deals\/{id}\/discounts\/{discount_id} 200: \/data\/id must be integer,null$/,
  // Parts of a whole may be sold: the body takes any number.
  /^v2 GET \/deals\/({id}\/)?products 200: \/data\/\d+\/quantity must be integer,null$/,
  // A number in every other answer with users.
  /^v1 GET \/products\/{id}\/deals 200: \/data\/\d+\/\w+\/has_pic must be boolean,null$/,
  // A field of v1 is both of a kind that can be created and of one that there is; built-in fields are of other kinds.
  /^v1 GET \/\w+Fields(\/{id})? 200: \/data(\/\d+)?\/field_type must be equal to one of the allowed values$/,
];

export const present = existsSync(file("v2"));

/** OpenAPI 3.0's `nullable` in the words of JSON Schema; examples and other decoration dropped. */
function plain(schema, document, seen = new Set()) {
  if (Array.isArray(schema)) return schema.map((part) => plain(part, document, seen));
  if (!schema || typeof schema !== "object") return schema;
  if (schema.$ref) {
    if (seen.has(schema.$ref)) return {};
    const target = schema.$ref
      .slice(2)
      .split("/")
      .reduce((node, key) => node[key], document);
    return plain(target, document, new Set([...seen, schema.$ref]));
  }
  const kept = {};
  for (const key of ["type", "properties", "items", "required", "allOf", "oneOf", "anyOf", "enum"]) {
    if (schema[key] === undefined) continue;
    kept[key] =
      key === "properties"
        ? Object.fromEntries(Object.entries(schema[key]).map(([name, part]) => [name, plain(part, document, seen)]))
        : plain(schema[key], document, seen);
  }
  // The documents mark few members as nullable of those that are null in their own examples.
  if (typeof kept.type === "string") kept.type = [kept.type, "null"];
  if (kept.enum) kept.enum = [...kept.enum, null];
  return kept;
}

const documents = new Map();
const validators = new Map();

export function document(version) {
  if (!documents.has(version)) documents.set(version, parse(readFileSync(file(version), "utf8")));
  return documents.get(version);
}

/** What is wrong with the answer to a call: a list of words, empty when it fits its schema. */
export function mistakes(version, method, path, status, body) {
  const described = document(version);
  const parts = path.split("/");
  const fits = (template) => {
    const wanted = template.split("/");
    return wanted.length === parts.length && wanted.every((part, at) => part === parts[at] || (part.startsWith("{") && parts[at] !== ""));
  };
  // A path without a parameter wins over one with.
  const template = Object.keys(described.paths)
    .filter(fits)
    .sort((a, b) => a.split("{").length - b.split("{").length)[0];
  const operation = described.paths[template]?.[method.toLowerCase()];
  if (!operation) return [`${method} ${path} is not in the document`];
  const answer = operation.responses[status];
  if (!answer) return status < 400 ? [`${method} ${template}: ${status} is not in the document`] : [];
  const schema = (
    answer.$ref
      ? answer.$ref
          .slice(2)
          .split("/")
          .reduce((node, key) => node[key], described)
      : answer
  ).content?.["application/json"]?.schema;
  if (!schema) return [];
  const key = `${version} ${method} ${template} ${status}`;
  if (!validators.has(key)) validators.set(key, new Ajv({ strict: false, allErrors: true, allowUnionTypes: true }).compile(plain(schema, described)));
  const validate = validators.get(key);
  return validate(body)
    ? []
    : validate.errors
        .map((error) => `${key}: ${error.instancePath} ${error.message}`)
        .filter((mistake) => !CONTRADICTIONS.some((known) => known.test(mistake)));
}
