// Typed values: plain ones, and ones at the limits of a field.

/** Locales of the product's languages: how each writes decimals. */
export const MARKS = { "pt-BR": ",", es: ",", "en-US": "." };

const grouped = (digits, mark) => digits.replace(/\B(?=(\d{3})+$)/g, mark);

/** A number in the format of a language; sometimes with grouping marks. */
export function typeNumber(dice, language, value, decimals = 2) {
  const mark = MARKS[language];
  const [whole, fraction = ""] = value.toFixed(decimals).split(".");
  const kept = fraction.replace(/0+$/, "");
  const isGrouped = Math.abs(value) >= 1000 && kept !== "" && dice.percent(25);
  const digits = isGrouped ? grouped(whole.replace("-", ""), mark === "," ? "." : ",") : whole.replace("-", "");
  return `${value < 0 ? "-" : ""}${digits}${kept ? mark + kept : ""}`;
}

/** A number in an unusual format, or an unusual number. */
export const oddNumber = (dice) =>
  dice.of([
    "1.234,56",
    "1,234.56",
    "R$ 1.234,56",
    "1 234,5",
    "1\u00a0234,5",
    "0",
    "-1",
    "0.005",
    "0,005",
    "9999999999999999999999999999",
    "1234567890123456789012345678",
    "0.0000000000000000000000000001",
    "1e3",
    "١٢٣",
    "１２",
    "NaN",
    "abc",
    "",
    "  ",
    "1.234.567",
    "1,234,567",
    "--5",
    "+5",
    "5%",
    "0x10",
    "1'000",
    "12,5,5",
    ".5",
    ",5",
    "5.",
    "-0",
  ]);

const LONG = "Lorem ipsum dolor sit amet ";

/** An unusual text. */
export const oddText = (dice) =>
  dice.of([
    "👩🏽‍🚀🎉 emoji 🇧🇷",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "\"quotes\" and 'quotes' and “quotes”",
    "nul\u0000here",
    "مرحبا بالعالم",
    "\u202eRTL override\u202c",
    "東京都渋谷区 請求書",
    "Ação é ótima – ñandú",
    "tab\there",
    "%s %d {{7*7}} ${7*7}",
    "'; drop table invoices; --",
    "&amp; &lt; &#34;",
    "a".repeat(300),
    LONG.repeat(60).trim(),
    LONG.repeat(200).trim(),
    "   spaces around   ",
    "e\u0301 combining",
    "",
  ]);

export const oddEmail = (dice) =>
  dice.of([
    "",
    "nobody",
    "a@b",
    "a b@c.example",
    `${"very.long.".repeat(12)}@x.example`,
    "ação@exemplo.example",
    "a@b.example, c@d.example",
    '"q"@x.example',
    "<b>@x.example",
  ]);

export const plainText = (dice) =>
  `${dice.of(["Order", "Projekt", "Pedido", "Visita", "Fase"])} ${dice.of(["north", "ação", "März", "señal", "two"])} ${1 + dice.below(900)}`;
