// The product's texts by key, in one language.
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A function that returns the text of a key with values; a missing key throws. */
export function words(language) {
  const file = join(import.meta.dirname, "..", "..", "crates", "fatura", "i18n", language, "fatura.ftl");
  const bundle = new FluentBundle(language, { useIsolating: false });
  bundle.addResource(new FluentResource(readFileSync(file, "utf8")));
  return (key, values = {}) => {
    const message = bundle.getMessage(key);
    if (!message?.value) throw new Error(`${language} has no text ${key}`);
    return bundle.formatPattern(message.value, values);
  };
}
