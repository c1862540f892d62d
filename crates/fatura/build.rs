//! Embeds the pages' assets, built by `make assets`, and names them for the templates.

use std::{collections::BTreeMap, env, fs, path::Path};

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/dist");
    let manifest = dist.join("manifest.json");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let Ok(text) = fs::read_to_string(&manifest) else {
        println!(
            "cargo::error=the pages' assets are not built: run 'make assets' (npm and esbuild; needs Node 20 or newer)"
        );
        return;
    };
    let names: BTreeMap<String, String> =
        serde_json::from_str(&text).expect("assets/dist/manifest.json is a table of names");
    let constants: String = names
        .iter()
        .map(|(name, path)| format!("/// Address of the built {name}.\npub(crate) const {name}: &str = {path:?};\n"))
        .collect();
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("assets.rs");
    fs::write(out, constants).expect("OUT_DIR is writable");
    memory_serve::load_directory("../../assets/dist/public");
}
