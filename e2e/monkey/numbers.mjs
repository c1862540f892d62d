// Parses amounts of the pages without Fatura's code, so that a mistake there cannot confirm itself.

/** The number in a text like `R$ 1.234,56`, `-$1,234.56` or `1234,50 €`; NaN where there is none. */
export function amountOf(text, language) {
  const plain = (text ?? "").replace(/[\u00a0\u202f\u2066-\u2069\u200e\u200f]/g, " ");
  const found = /\d[\d.,' ]*/.exec(plain);
  if (!found) return NaN;
  const digits = found[0].replace(/[' ]/g, "").replace(/[.,]$/, "");
  const value = Number(language === "en-US" ? digits.replaceAll(",", "") : digits.replaceAll(".", "").replace(",", "."));
  return /[-−]/.test(plain.slice(0, found.index)) || /\(/.test(plain.slice(0, found.index)) ? -value : value;
}

/** A typed number, if it is unambiguous; else undefined. */
export function typedNumber(text, language) {
  const trimmed = (text ?? "").trim();
  const mark = language === "en-US" ? "\\." : ",";
  const other = language === "en-US" ? "," : "\\.";
  // Numbers that begin with a zero have no grouping: the mark in "0,005" is the decimal mark.
  if (!new RegExp(`^-?([1-9]\\d{0,2}(${other}\\d{3})*|\\d+)(${mark}\\d+)?$`).test(trimmed)) return undefined;
  const one = trimmed.replace(new RegExp(other, "g"), "").replace(new RegExp(mark), ".");
  return one.replace(/\D/g, "").length > 15 ? undefined : Number(one);
}

const DECIMALS = { JPY: 0, KRW: 0, CLP: 0, VND: 0, ISK: 0, PYG: 0, KWD: 3, BHD: 3, OMR: 3, JOD: 3, TND: 3 };

/** The smallest amount of a currency; QuickBooks keeps two decimals at most, also of a dinar. */
export const unit = (currency) => 10 ** -Math.min(DECIMALS[currency] ?? 2, 2);

export const decimals = (currency) => DECIMALS[currency] ?? 2;

/** Equal, except for floating-point errors. */
export const same = (one, other, within = 0) => Math.abs(one - other) <= within + 1e-9 * Math.max(1, Math.abs(one), Math.abs(other));

export const round = (value, currency) => {
  const factor = 10 ** decimals(currency);
  return (Math.sign(value) * Math.round(Math.abs(value) * factor + 1e-7)) / factor;
};
