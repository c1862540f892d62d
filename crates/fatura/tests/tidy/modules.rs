//! Module graphs of `fatura` and of the sandbox: allowed uses between rooms, and circles of files.

use crate::{root, sources};
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

/// What each room of `fatura` may use. Whatever is not named here is used by `main` and `serve` alone.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("web", &["clock", "config", "event_streams", "flows", "format", "language", "locale", "security", "state"]),
    ("jobs", &["admission", "clock", "flows", "keys", "metering", "security", "state", "telemetry"]),
    ("flows", &["clock", "format", "language", "locale", "security", "state"]),
    ("operate", &["clock", "config", "flows"]),
    ("keys", &["config", "operate", "state"]),
    ("telemetry", &["budget", "state"]),
    ("state", &["admission", "clock", "config", "event_streams", "metering", "rate_limiters"]),
    ("metering", &["budget", "clock"]),
    ("format", &["language", "locale"]),
    ("locale", &["language"]),
    ("admission", &[]),
    ("event_streams", &[]),
    ("budget", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("connections", &[]),
    ("rate_limiters", &[]),
    ("language", &[]),
    ("security", &[]),
];

/// Modules of each simulator that answer HTTP requests or send webhooks. All others hold its state.
const TRANSPORT: [(&str, &[&str]); 2] = [
    ("sandbox-quickbooks", &["api", "control", "delivery", "oauth", "shared", "web"]),
    ("sandbox-pipedrive", &["api", "control", "delivery", "oauth", "session", "shared", "web"]),
];

/// A module's path within its crate, as `flows/issue`; empty for the crate's root.
type Module = Vec<String>;

/// Collects the paths that a file names outside of its tests.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    /// Modules within the file around the present place: so many times `super` stays within the file.
    depth: usize,
}

impl Paths {
    fn add(&mut self, path: Vec<String>) {
        let within = path.iter().take(self.depth).take_while(|name| *name == "super").count();
        let own = (within > 0).then(|| "self".to_owned());
        self.found.push(own.into_iter().chain(path.into_iter().skip(within)).collect());
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
    /// Who may see something is no use of it.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

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

/// The module of the crate that a path leads to, seen from `from`; `None` where it leads out of the crate.
fn resolve(path: &[String], from: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut rest = path;
    let mut place = match rest.first()?.as_str() {
        "crate" => {
            rest = &rest[1..];
            Module::new()
        }
        "super" => {
            let mut place = from.clone();
            while rest.first().is_some_and(|first| first == "super") {
                place.pop();
                rest = &rest[1..];
            }
            place
        }
        "self" => {
            rest = &rest[1..];
            from.clone()
        }
        child => {
            let below: Module = from.iter().cloned().chain([child.to_owned()]).collect();
            if rest.len() < 2 || !modules.contains(&below) {
                return None;
            }
            from.clone()
        }
    };
    for name in rest {
        let below: Module = place.iter().cloned().chain([name.clone()]).collect();
        if !modules.contains(&below) {
            break;
        }
        place = below;
    }
    Some(place)
}

/// Each module of a crate with those that it uses.
fn uses(name: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let root = root().join("crates").join(name).join("src");
    let files = sources(&root);
    let modules: BTreeSet<Module> = files.iter().map(|file| module_of(&root, file)).collect();
    let read = |file: &Path| {
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
        let from = module_of(&root, file);
        let used = paths.found.iter().filter_map(|path| resolve(path, &from, &modules)).filter(|used| *used != from);
        (from.clone(), used.collect())
    };
    files.iter().map(|file| read(file)).collect()
}

#[test]
fn rooms_use_only_whom_they_may() {
    let room = |module: &Module| module.first().cloned().unwrap_or_else(|| "lib".to_owned());
    for (module, used) in uses("fatura") {
        let from = room(&module);
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == from) else { continue };
        for used in used {
            let to = room(&used);
            let is_allowed = to == from || may_use.contains(&to.as_str());
            assert!(is_allowed, "{} must not use {}", module.join("/"), used.join("/"));
        }
    }
}

/// Groups of files in a crate that use each other.
fn circles(name: &str) -> Vec<Vec<String>> {
    let uses = uses(name);
    let names: BTreeMap<&Module, String> = uses.keys().map(|module| (module, module.join("/"))).collect();
    let mut graph: DiGraphMap<&str, ()> = DiGraphMap::new();
    for (module, used) in &uses {
        for used in used {
            graph.add_edge(names[module].as_str(), names[used].as_str(), ());
        }
    }
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    let mut circles: Vec<Vec<String>> = circles.map(|circle| circle.into_iter().map(str::to_owned).collect()).collect();
    for circle in &mut circles {
        circle.sort_unstable();
    }
    circles.sort_unstable();
    circles
}

#[test]
fn files_do_not_need_each_other() {
    assert_eq!(circles("fatura"), Vec::<Vec<String>>::new());
}

#[test]
fn files_of_the_sandbox_do_not_need_each_other() {
    for name in ["sandbox", "sandbox-core", "sandbox-pipedrive", "sandbox-quickbooks"] {
        assert_eq!(circles(name), Vec::<Vec<String>>::new(), "{name}");
    }
}

#[test]
fn state_of_a_simulator_does_not_use_its_transport() {
    for (name, transport) in TRANSPORT {
        let is_transport = |module: &Module| module.first().is_some_and(|room| transport.contains(&room.as_str()));
        for (module, used) in uses(name) {
            if module.is_empty() || is_transport(&module) {
                continue;
            }
            for used in used {
                assert!(!is_transport(&used), "{name}: {} must not use {}", module.join("/"), used.join("/"));
            }
        }
    }
}

/// Handlers of requests leave transactions to `flows`.
#[test]
fn no_handler_opens_a_transaction() {
    let web = root().join("crates/fatura/src/web");
    let opening: Vec<_> = sources(&web)
        .into_iter()
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            ["db.read()", "db.begin()"].iter().any(|call| text.contains(call))
        })
        .map(|path| path.strip_prefix(&web).unwrap().to_owned())
        .collect();
    assert_eq!(opening, Vec::<&Path>::new());
}
