//! The world: both simulators and the clock, saved to files and read back.

use crate::{effect::Effect, origins::Origins, seeds};
use anyhow::Context;
use sandbox_core::{clock::Clock, faults::Faults, runtime::Runtime};
use sandbox_pipedrive as pipedrive;
use sandbox_quickbooks as quickbooks;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// State of the world as in its file. Companies of QuickBooks have files of their own.
#[derive(Debug, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) clock: Clock,
    pub(crate) quickbooks: quickbooks::State,
    pub(crate) pipedrive: pipedrive::State,
}

/// A [`Snapshot`], borrowed from the running simulators.
#[derive(Debug, Serialize)]
struct SnapshotRef<'a> {
    clock: Clock,
    quickbooks: &'a quickbooks::State,
    pipedrive: &'a pipedrive::State,
}

impl Snapshot {
    /// Creates the world of the seeds.
    pub(crate) fn seeded() -> anyhow::Result<Self> {
        let clock = Clock::default();
        Ok(Self {
            clock,
            quickbooks: quickbooks::State::seeded(&seeds::QUICKBOOKS, clock)?,
            pipedrive: pipedrive::State::seeded(seeds::PIPEDRIVE, clock)?,
        })
    }
}

/// The running world, shared by all handlers.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) quickbooks: quickbooks::Shared,
    pub(crate) pipedrive: pipedrive::Shared,
    faults: Arc<Mutex<Faults<Effect>>>,
}

/// The world and its companies as one JSON text.
#[derive(Serialize)]
struct SavedWorldRef<'a> {
    world: SnapshotRef<'a>,
    companies: Vec<&'a quickbooks::Company>,
}

#[derive(Deserialize)]
struct SavedWorld {
    world: Snapshot,
    companies: Vec<quickbooks::Company>,
}

impl World {
    /// Starts the simulators from a snapshot.
    pub(crate) fn new(
        snapshot: Snapshot,
        origins: &Origins,
        pipedrive_app: pipedrive::App,
        quickbooks_app: quickbooks::App,
    ) -> anyhow::Result<Self> {
        let runtime = Runtime::new(snapshot.clock)?;
        let quickbooks = quickbooks::Shared::new(
            snapshot.quickbooks,
            runtime.clone(),
            origins.quickbooks(),
            quickbooks_app,
            seeds::QUICKBOOKS,
        );
        let pipedrive = pipedrive::Shared::new(
            snapshot.pipedrive,
            runtime.clone(),
            origins.pipedrive(),
            pipedrive_app,
            seeds::PIPEDRIVE,
        );
        Ok(Self { runtime, quickbooks, pipedrive, faults: Arc::default() })
    }

    /// Locks the pending faults.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults<Effect>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resets the world to the seeds, without faults. The endpoint of QuickBooks' webhooks stays.
    pub(crate) fn reset(&self) -> anyhow::Result<()> {
        let Snapshot { clock, quickbooks, pipedrive } = Snapshot::seeded()?;
        let (mut old_quickbooks, mut old_pipedrive) = (self.quickbooks.state_mut(), self.pipedrive.state_mut());
        old_quickbooks.reset(quickbooks);
        *old_pipedrive = pipedrive;
        self.runtime.set_clock(clock);
        *self.faults() = Faults::default();
        Ok(())
    }

    /// Writes the world and its companies as one JSON text.
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let (quickbooks, pipedrive) = (self.quickbooks.state(), self.pipedrive.state());
        let world = SnapshotRef { clock: self.runtime.clock(), quickbooks: &quickbooks, pipedrive: &pipedrive };
        serde_json::to_vec(&SavedWorldRef { world, companies: quickbooks.companies().collect() })
    }

    /// Replaces the world by one that [`Self::to_json`] wrote.
    pub(crate) fn load_json(&self, json: &[u8]) -> serde_json::Result<()> {
        let SavedWorld { world: Snapshot { clock, mut quickbooks, pipedrive }, companies } =
            serde_json::from_slice(json)?;
        quickbooks.restore_companies(companies);
        quickbooks.mark_companies_changed();
        let (mut old_quickbooks, mut old_pipedrive) = (self.quickbooks.state_mut(), self.pipedrive.state_mut());
        *old_quickbooks = quickbooks;
        *old_pipedrive = pipedrive;
        self.runtime.set_clock(clock);
        *self.faults() = Faults::default();
        Ok(())
    }

    /// Saves what has changed since the previous call to `dir`: the world to one file, and each company to its own.
    pub(crate) fn save(&self, origins: &Origins, dir: &Path) -> anyhow::Result<()> {
        let mut files = Vec::new();
        {
            let (mut quickbooks, pipedrive) = (self.quickbooks.state(), self.pipedrive.state());
            if self.runtime.take_changed() {
                let world = SnapshotRef { clock: self.runtime.clock(), quickbooks: &quickbooks, pipedrive: &pipedrive };
                let content = serde_json::to_vec(&serde_json::json!({ "origins": origins, "world": world }))?;
                files.push((dir.join(WORLD_FILE), content));
                remove_other_companies(&dir.join(COMPANIES_DIR), &quickbooks.realm_ids())?;
            }
            for (realm_id, content) in quickbooks.take_changed_companies()? {
                files.push((dir.join(COMPANIES_DIR).join(format!("{realm_id}.json")), content));
            }
        }
        for (file, content) in files {
            let new_file = file.with_extension("json.new");
            std::fs::write(&new_file, content)?;
            std::fs::rename(&new_file, &file)?;
        }
        Ok(())
    }
}

const WORLD_FILE: &str = "sandbox.json";
const COMPANIES_DIR: &str = "companies";

/// Removes the files of companies that no longer exist.
fn remove_other_companies(dir: &Path, realms: &[String]) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let realms: BTreeSet<&str> = realms.iter().map(String::as_str).collect();
    for file in std::fs::read_dir(dir)?.flatten() {
        let exists = file.path().file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| realms.contains(stem));
        if !exists {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// A saved world, and the addresses at which it was reached.
#[derive(Debug, Deserialize)]
pub(crate) struct Saved {
    pub(crate) origins: Origins,
    pub(crate) world: Snapshot,
}

impl Saved {
    /// Reads the state of an earlier run from `dir`. Returns `None` if there is none.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Option<Self>> {
        let file = dir.join(WORLD_FILE);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut saved: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("reading {}; delete the folder to start over", file.display()))?;
        let mut companies = Vec::new();
        for file in std::fs::read_dir(dir.join(COMPANIES_DIR))?
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|ending| ending == "json"))
        {
            let company = serde_json::from_slice(&std::fs::read(file.path())?)
                .with_context(|| format!("reading {}", file.path().display()))?;
            companies.push(company);
        }
        saved.world.quickbooks.restore_companies(companies);
        Ok(Some(saved))
    }
}
