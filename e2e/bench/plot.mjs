// A plain line chart of how the service grows, as SVG: each line as a share of its own first value.
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [640, 320, 56, 24, 150, 44];
const LINES = [
  ["panel", "panels a second", "#1f6feb"],
  ["webhook", "webhooks a second", "#1a7f37"],
  ["memory", "memory", "#9a6700"],
];

/** `rows`: for each number of companies, what was measured. */
export function plot(rows) {
  const x = (companies) => LEFT + (Math.log10(companies) / Math.max(1, Math.log10(rows.at(-1).companies))) * (WIDTH - LEFT - RIGHT);
  const most = Math.max(1.25, ...LINES.flatMap(([key]) => rows.map((row) => row[key] / rows[0][key])));
  const y = (share) => HEIGHT - BOTTOM - (share / most) * (HEIGHT - TOP - BOTTOM);
  const text = (at, up, words, more = "") => `<text x="${at}" y="${up}" font-family="sans-serif" font-size="12" fill="#59636e"${more}>${words}</text>`;
  const marks = [0, 0.5, 1, ...(most > 1.5 ? [most] : [])].map(
    (share) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}" stroke="#d1d9e0"/>${text(LEFT - 8, y(share) + 4, `${Math.round(share * 100)} %`, ' text-anchor="end"')}`,
  );
  const below = rows.map(
    ({ companies, invoices }) =>
      text(x(companies), HEIGHT - 24, companies.toLocaleString("en-US"), ' text-anchor="middle"') +
      text(
        x(companies),
        HEIGHT - 9,
        `${invoices.toLocaleString("en-US")} invoice${invoices === 1 ? "" : "s"}`,
        ' text-anchor="middle" style="font-size: 10px"',
      ),
  );
  const lines = LINES.map(([key, name, colour], at) => {
    const points = rows.map((row) => [x(row.companies), y(row[key] / rows[0][key])]);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join("");
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map((point) => point.join(",")).join(" ")}"/>${dots}<rect x="${WIDTH - RIGHT + 24}" y="${TOP + at * 20}" width="12" height="3" fill="${colour}"/>${text(WIDTH - RIGHT + 42, TOP + at * 20 + 6, name)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Companies against what one process does">${[`<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`, ...marks, ...below, ...lines].join("\n")}</svg>\n`;
}
