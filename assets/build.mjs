// Bundles the pages' script and styles into dist/public, named by their content, and lists them in dist/manifest.json.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const out = "dist/public";
rmSync("dist", { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  entryPoints: { app: "src/app.ts", style: "src/app.css" },
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  metafile: true,
  target: ["chrome125", "firefox147", "safari18.4"],
  external: [],
  loader: { ".woff2": "file" },
  legalComments: "none",
});

const named = (entry) => Object.entries(result.metafile.outputs).find(([, output]) => output.entryPoint === entry)[0];
const manifest = { APP_JS: named("src/app.ts"), APP_CSS: named("src/app.css") };
for (const [name, path] of Object.entries(manifest)) manifest[name] = `/assets/${basename(path)}`;

// The licences of what is bundled travel with it.
const packages = new Set(Object.keys(result.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
const licences = [...packages].sort().map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const files = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"];
  const text = files
    .map((file) => {
      try {
        return readFileSync(`node_modules/${name}/${file}`, "utf8");
      } catch {
        return "";
      }
    })
    .find(Boolean);
  return `${name} ${version} (${license})\n\n${text ?? ""}`;
});
writeFileSync(`${out}/licences.txt`, licences.join("\n\n----\n\n"));
const digest = createHash("sha256")
  .update(readFileSync(`${out}/licences.txt`))
  .digest("hex")
  .slice(0, 8);
cpSync(`${out}/licences.txt`, `${out}/licences-${digest}.txt`);
rmSync(`${out}/licences.txt`);
writeFileSync("dist/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
