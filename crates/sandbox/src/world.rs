//! All that the sandbox knows, behind one lock, saved to files.

use crate::{
    calls::Calls,
    clock::Clock,
    faults::Faults,
    origins::Origins,
    pipedrive,
    quickbooks::{self, Company, api::limits::Meter},
};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The simulated world.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) quickbooks: quickbooks::State,
    pub(crate) pipedrive: pipedrive::State,
    #[serde(skip)]
    pub(crate) faults: Faults,
}

impl World {
    /// The world as the seeds describe it.
    pub(crate) fn seeded() -> anyhow::Result<Self> {
        let clock = Clock::default();
        Ok(Self {
            clock,
            quickbooks: quickbooks::State::seeded(clock)?,
            pipedrive: pipedrive::State::seeded(clock)?,
            faults: Faults::default(),
        })
    }
}

/// The world and what surrounds it, shared by all handlers.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    world: Mutex<World>,
    touched: AtomicBool,
    pub(crate) origins: Origins,
    pub(crate) app: pipedrive::App,
    pub(crate) quickbooks_app: quickbooks::App,
    pub(crate) calls: Calls,
    pub(crate) meter: Meter,
    pub(crate) pipedrive_meter: pipedrive::limits::Meter,
    pub(crate) http: reqwest::Client,
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shared {
    pub(crate) fn new(
        world: World,
        origins: Origins,
        app: pipedrive::App,
        quickbooks_app: quickbooks::App,
    ) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            world: Mutex::new(world),
            touched: AtomicBool::new(true),
            origins,
            app,
            quickbooks_app,
            calls: Calls::default(),
            meter: Meter::default(),
            pipedrive_meter: pipedrive::limits::Meter::default(),
            http: reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?,
        })))
    }

    /// The world, locked for the length of one handler; never held over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.touch();
        self.world_untouched()
    }

    /// The same, for who only reads, or changes nothing but companies: these know themselves whether they changed.
    pub(crate) fn world_untouched(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the world saved, after a change through [`Self::world_untouched`].
    pub(crate) fn touch(&self) {
        self.touched.store(true, Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        self.world_untouched().clock
    }

    /// Writes what changed since the last time into `dir`: the world, and each company into a file of its own.
    pub(crate) fn save(&self, dir: &Path) -> anyhow::Result<()> {
        let mut files = Vec::new();
        {
            let mut world = self.world_untouched();
            if self.touched.swap(false, Ordering::Relaxed) {
                files.push((
                    dir.join(WORLD),
                    serde_json::to_vec(&serde_json::json!({ "origins": self.origins, "world": &*world }))?,
                ));
                forget_others(&dir.join(COMPANIES), &world.quickbooks.realm_ids())?;
            }
            for company in world.quickbooks.companies.values_mut().filter(|company| company.touched) {
                company.touched = false;
                files.push((
                    dir.join(COMPANIES).join(format!("{}.json", company.realm_id)),
                    serde_json::to_vec(company)?,
                ));
            }
        }
        for (file, content) in files {
            let beside = file.with_extension("json.new");
            std::fs::write(&beside, content)?;
            std::fs::rename(&beside, &file)?;
        }
        Ok(())
    }
}

const WORLD: &str = "sandbox.json";
const COMPANIES: &str = "companies";

/// Removes the files of companies that are no more.
fn forget_others(dir: &Path, realms: &[String]) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let realms: BTreeSet<&str> = realms.iter().map(String::as_str).collect();
    for file in std::fs::read_dir(dir)?.flatten() {
        let known = file.path().file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| realms.contains(stem));
        if !known {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// A saved world and the addresses that it was reached at.
#[derive(Debug, Deserialize)]
pub(crate) struct Saved {
    pub(crate) origins: Origins,
    pub(crate) world: World,
}

impl Saved {
    /// Reads what an earlier run left in `dir`, if it did.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Option<Self>> {
        let file = dir.join(WORLD);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut saved: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("reading {}; delete the folder to begin anew", file.display()))?;
        let mut companies = Vec::new();
        for file in std::fs::read_dir(dir.join(COMPANIES))?
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|ending| ending == "json"))
        {
            let company: Company = serde_json::from_slice(&std::fs::read(file.path())?)
                .with_context(|| format!("reading {}", file.path().display()))?;
            companies.push(company.restored());
        }
        saved.world.quickbooks.companies = quickbooks::by_realm(companies);
        Ok(Some(saved))
    }
}
