//! Module graphs of `fatura` and of the sandbox: allowed uses between top-level modules, and cycles between files.

use crate::{list_sources, root};
use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use syn::{
    Attribute, ItemMod, ItemUse, UseTree, VisRestricted,
    visit::{self, Visit},
};

/// The top-level modules of `fatura`, with those that each may use. Only `main` and `serve` use the modules that are not
/// listed.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("web", &["clock", "config", "event_streams", "flows", "format", "language", "locale", "security", "state"]),
    ("jobs", &["clock", "flows", "keys", "metering", "operations", "security", "state", "telemetry"]),
    ("operations", &["flows", "format", "state", "telemetry"]),
    ("flows", &["clock", "format", "language", "locale", "security", "state", "telemetry"]),
    ("operate", &["clock", "config", "flows"]),
    ("keys", &["config", "operate", "state"]),
    ("telemetry", &["budget", "state"]),
    ("state", &["clock", "config", "event_streams", "metering", "rate_limiters"]),
    ("metering", &["budget", "clock"]),
    ("format", &["language", "locale"]),
    ("locale", &["language"]),
    ("event_streams", &[]),
    ("budget", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("connections", &[]),
    ("rate_limiters", &[]),
    ("language", &[]),
    ("security", &[]),
];

/// Modules of each simulator that answer HTTP requests or send webhooks. The other modules are its state.
const TRANSPORT: [(&str, &[&str]); 2] = [
    ("sandbox-quickbooks", &["api", "control", "delivery", "oauth", "shared", "web"]),
    ("sandbox-pipedrive", &["api", "control", "delivery", "oauth", "session", "shared", "web"]),
];

/// Path of a module in its crate, such as `["flows", "issue"]`. Empty for the root of the crate.
type Module = Vec<String>;

/// Collects the paths in a file, except in its tests.
#[derive(Default)]
struct Paths {
    collected: Vec<Vec<String>>,
    /// Number of inline modules around the visited item. As many `super` lead to the file itself.
    depth: usize,
}

impl Paths {
    fn add(&mut self, path: Vec<String>) {
        let within = path.iter().take(self.depth).take_while(|name| *name == "super").count();
        let own = (within > 0).then(|| "self".to_owned());
        self.collected.push(own.into_iter().chain(path.into_iter().skip(within)).collect());
    }

    fn add_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.add_tree(&path.tree, &with(path.ident.to_string())),
            UseTree::Name(name) => self.add(with(name.ident.to_string())),
            UseTree::Rename(name) => self.add(with(name.ident.to_string())),
            UseTree::Glob(_) => self.add(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.add_tree(item, before)),
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident("test");
            Ok(())
        });
    }
    found
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            self.depth += 1;
            visit::visit_item_mod(self, item);
            self.depth -= 1;
        }
    }
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&item.tree, &[]);
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
    /// The path in `pub(in path)` is not a use.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

/// Returns the module of a source file.
fn module_of(root: &Path, file: &Path) -> Module {
    let mut parts: Vec<String> = file
        .strip_prefix(root)
        .unwrap()
        .with_extension("")
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

/// Resolves a path in the module `from`. Returns `None` if the path leads out of the crate.
fn resolve(path: &[String], from: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut rest = path;
    let mut module = match rest.first()?.as_str() {
        "crate" => {
            rest = &rest[1..];
            Module::new()
        }
        "super" => {
            let mut ancestor = from.clone();
            while rest.first().is_some_and(|first| first == "super") {
                ancestor.pop();
                rest = &rest[1..];
            }
            ancestor
        }
        "self" => {
            rest = &rest[1..];
            from.clone()
        }
        name => {
            let child: Module = from.iter().cloned().chain([name.to_owned()]).collect();
            if rest.len() < 2 || !modules.contains(&child) {
                return None;
            }
            from.clone()
        }
    };
    for name in rest {
        let child: Module = module.iter().cloned().chain([name.clone()]).collect();
        if !modules.contains(&child) {
            break;
        }
        module = child;
    }
    Some(module)
}

/// Reads the modules of a crate, each with those that it uses.
fn read_uses(name: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let root = root().join("crates").join(name).join("src");
    let files = list_sources(&root);
    let modules: BTreeSet<Module> = files.iter().map(|file| module_of(&root, file)).collect();
    let read = |file: &Path| {
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
        let from = module_of(&root, file);
        let used =
            paths.collected.iter().filter_map(|path| resolve(path, &from, &modules)).filter(|used| *used != from);
        (from.clone(), used.collect())
    };
    files.iter().map(|file| read(file)).collect()
}

#[test]
fn modules_use_only_allowed_modules() {
    let top_level = |module: &Module| module.first().cloned().unwrap_or_else(|| "lib".to_owned());
    for (module, used) in read_uses("fatura") {
        let from = top_level(&module);
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == from) else { continue };
        for used in used {
            let to = top_level(&used);
            let is_allowed = to == from || may_use.contains(&to.as_str());
            assert!(is_allowed, "{} must not use {}", module.join("/"), used.join("/"));
        }
    }
}

/// Finds the groups of files in a crate that use each other.
fn find_cycles(name: &str) -> Vec<Vec<String>> {
    let uses = read_uses(name);
    let names: BTreeMap<&Module, String> = uses.keys().map(|module| (module, module.join("/"))).collect();
    let mut graph: DiGraphMap<&str, ()> = DiGraphMap::new();
    for (module, used) in &uses {
        for used in used {
            graph.add_edge(names[module].as_str(), names[used].as_str(), ());
        }
    }
    let cycles = tarjan_scc(&graph).into_iter().filter(|cycle| cycle.len() > 1);
    let mut cycles: Vec<Vec<String>> = cycles.map(|cycle| cycle.into_iter().map(str::to_owned).collect()).collect();
    for cycle in &mut cycles {
        cycle.sort_unstable();
    }
    cycles.sort_unstable();
    cycles
}

#[test]
fn files_have_no_cycles() {
    assert_eq!(find_cycles("fatura"), Vec::<Vec<String>>::new());
}

#[test]
fn files_of_the_sandbox_have_no_cycles() {
    for name in ["sandbox", "sandbox-core", "sandbox-pipedrive", "sandbox-quickbooks"] {
        assert_eq!(find_cycles(name), Vec::<Vec<String>>::new(), "{name}");
    }
}

#[test]
fn state_of_a_simulator_does_not_use_its_transport() {
    for (name, transport) in TRANSPORT {
        let is_transport = |module: &Module| module.first().is_some_and(|name| transport.contains(&name.as_str()));
        for (module, used) in read_uses(name) {
            if module.is_empty() || is_transport(&module) {
                continue;
            }
            for used in used {
                assert!(!is_transport(&used), "{name}: {} must not use {}", module.join("/"), used.join("/"));
            }
        }
    }
}

/// Request handlers leave transactions to `flows`.
#[test]
fn no_handler_opens_a_transaction() {
    let web = root().join("crates/fatura/src/web");
    let opening: Vec<_> = list_sources(&web)
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            ["db.read()", "db.begin()"].iter().any(|call| text.contains(call))
        })
        .map(|path| path.strip_prefix(&web).unwrap().to_owned())
        .collect();
    assert_eq!(opening, Vec::<&Path>::new());
}
