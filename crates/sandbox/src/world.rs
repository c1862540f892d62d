//! All that the sandbox knows, behind one lock, saved to one file.

use crate::{calls::Calls, clock::Clock, faults::Fault, origins::Origins, pipedrive, quickbooks};
use serde::{Deserialize, Serialize};
use std::{
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
    pub(crate) faults: Vec<Fault>,
}

impl World {
    /// The world as the seeds describe it.
    pub(crate) fn seeded() -> anyhow::Result<Self> {
        let clock = Clock::default();
        Ok(Self {
            clock,
            quickbooks: quickbooks::State::seeded(clock)?,
            pipedrive: pipedrive::State::seeded(clock)?,
            faults: Vec::new(),
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
    pub(crate) http: reqwest::Client,
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shared {
    pub(crate) fn new(world: World, origins: Origins, app_url: &str) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            world: Mutex::new(world),
            touched: AtomicBool::new(true),
            origins,
            app: pipedrive::App::registered(app_url),
            quickbooks_app: quickbooks::App::registered(app_url),
            calls: Calls::default(),
            http: reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?,
        })))
    }

    /// The world, locked for the length of one handler; never held over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.touched.store(true, Ordering::Relaxed);
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the world to `file` if anything happened since the last time.
    pub(crate) fn save(&self, file: &Path) -> anyhow::Result<()> {
        if self.touched.swap(false, Ordering::Relaxed) {
            let saved = serde_json::json!({
                "origins": self.origins,
                "world": &*self.world.lock().unwrap_or_else(PoisonError::into_inner),
            });
            let beside = file.with_extension("json.new");
            std::fs::write(&beside, serde_json::to_vec(&saved)?)?;
            std::fs::rename(&beside, file)?;
        }
        Ok(())
    }
}

/// A saved world and the addresses that it was reached at.
#[derive(Debug, Deserialize)]
pub(crate) struct Saved {
    pub(crate) origins: Origins,
    pub(crate) world: World,
}

impl Saved {
    /// Reads `file`, if it is there.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Option<Self>> {
        match std::fs::read(file) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
