//! Start and stop of the sandbox.

use crate::{
    control, faults,
    origins::{self, Origins},
    seeds,
    world::{Saved, Snapshot, World},
};
use anyhow::Context;
use axum::{Router, extract::DefaultBodyLimit, middleware};
use sandbox_pipedrive as pipedrive;
use sandbox_quickbooks as quickbooks;
use std::{
    fmt::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Upper bound for the body of a QuickBooks API request: a file of 100 MB in base64.
const MAX_UPLOAD_BYTES: usize = 140 * 1024 * 1024;

/// Upper bound for the body of any other request.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Pause between two saves of the state.
const SAVE_INTERVAL: Duration = Duration::from_millis(500);

/// Time that each task has to end after the sandbox is stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Options of a new sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// Base address of the app under development.
    pub app_url: String,
    /// Folder for the state and `demo.env`. Without one, nothing is written.
    pub dir: Option<PathBuf>,
    /// First of seven ports; 0 for seven free ports. A port in use is replaced by any free one.
    pub first_port: u16,
    /// Further addresses for the redirect after consent at Intuit.
    pub redirect_uris: Vec<String>,
    /// Address for QuickBooks' webhooks. Without one, none are sent.
    pub webhook_url: Option<String>,
    /// Whether the providers' rate limits apply.
    pub limits: bool,
    /// Whether only QuickBooks is served.
    pub only_quickbooks: bool,
    /// File with the registration of the Pipedrive app. Without one, Fatura's is used.
    pub pipedrive_app: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            app_url: "http://localhost:7800".into(),
            dir: None,
            first_port: 0,
            redirect_uris: Vec::new(),
            webhook_url: None,
            limits: false,
            only_quickbooks: false,
            pipedrive_app: None,
        }
    }
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// Addresses at which the sandbox is reached.
    pub origins: Origins,
    world: World,
    app_url: String,
    only_quickbooks: bool,
    dir: Option<PathBuf>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts the sandbox. It serves until [`Sandbox::stop`].
pub async fn start(options: Options) -> anyhow::Result<Sandbox> {
    let dir = options.dir.clone();
    let saved = match &dir {
        Some(dir) => Saved::read(dir).with_context(|| format!("reading the state in {}", dir.display()))?,
        None => None,
    };
    let (origins, listeners) = origins::bind(saved.as_ref().map(|saved| &saved.origins), options.first_port).await?;
    let snapshot = match saved {
        Some(saved) => saved.world,
        None => Snapshot::seeded()?,
    };
    let registration = options.pipedrive_app.as_ref().map(std::fs::read_to_string).transpose();
    let registration = registration.context("reading the registration of the Pipedrive app")?;
    let registration = registration.as_deref().unwrap_or(seeds::PIPEDRIVE_APP);
    let pipedrive_app = pipedrive::App::read(registration, &options.app_url)?;
    let quickbooks_app = quickbooks::App::new(&options.app_url, &options.redirect_uris);
    let world = World::new(snapshot, &origins, pipedrive_app, quickbooks_app)?;
    if !options.limits {
        world.quickbooks.lift_limits();
        world.pipedrive.lift_limits();
    }
    if let Some(url) = &options.webhook_url {
        world.quickbooks.state_mut().set_webhook_url(url);
    }
    // Faults also apply to sign-in and token requests.
    let with_faults = |router: Router, provider| {
        router.layer(middleware::from_fn_with_state((world.clone(), provider), faults::layer))
    };
    let (quickbooks, pipedrive) = (&world.quickbooks, &world.pipedrive);
    let routers = [
        pipedrive::web::router(pipedrive.clone()),
        with_faults(pipedrive::oauth::router(pipedrive.clone()), "pipedrive"),
        with_faults(pipedrive::api::router(pipedrive.clone()), "pipedrive"),
        with_faults(quickbooks::oauth::router(quickbooks.clone()), "quickbooks"),
        with_faults(quickbooks::api::router(quickbooks.clone()), "quickbooks")
            .layer(middleware::from_fn_with_state(quickbooks.clone(), quickbooks::api::limits::layer))
            .layer(DefaultBodyLimit::max(MAX_UPLOAD_BYTES)),
        quickbooks::web::router(quickbooks.clone()),
        control::router(world.clone()),
    ];
    let stop = CancellationToken::new();
    let mut tasks: Vec<JoinHandle<()>> = listeners
        .into_iter()
        .zip(routers)
        .enumerate()
        // The first three origins belong to Pipedrive.
        .filter(|(at, _)| !options.only_quickbooks || *at >= 3)
        .map(|(_, (listener, router))| tokio::spawn(serve(listener, router, stop.clone())))
        .collect();
    tasks.push(tokio::spawn(quickbooks::delivery::deliver(quickbooks.clone(), stop.clone())));
    tasks.push(tokio::spawn(pipedrive::delivery::deliver(pipedrive.clone(), stop.clone())));
    if let Some(dir) = &dir {
        tasks.push(tokio::spawn(save_periodically(world.clone(), origins.clone(), dir.clone(), stop.clone())));
    }
    let sandbox = Sandbox {
        origins,
        world,
        app_url: options.app_url,
        only_quickbooks: options.only_quickbooks,
        dir,
        stop,
        tasks,
    };
    if let Some(dir) = &options.dir {
        // Renaming makes the complete file appear at once, because programs wait for it.
        std::fs::write(dir.join("demo.env.new"), sandbox.env())?;
        std::fs::rename(dir.join("demo.env.new"), dir.join("demo.env"))?;
        sandbox.save()?;
    }
    Ok(sandbox)
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let router = router.layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "an origin stopped");
    }
}

async fn save_periodically(world: World, origins: Origins, dir: PathBuf, stop: CancellationToken) {
    let mut pause = SAVE_INTERVAL;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
        let began = Instant::now();
        let saved = world.save(&origins, &dir);
        // A large state takes long to save. The pause grows with it.
        pause = SAVE_INTERVAL.max(began.elapsed() * 20);
        if let Err(error) = saved {
            tracing::error!(%error, "the sandbox's state was not saved");
        }
    }
}

impl Sandbox {
    /// Returns all addresses and credentials that a program needs, as `KEY=value` lines.
    pub fn env(&self) -> String {
        let mut pairs = self.world.quickbooks.env();
        if !self.only_quickbooks {
            pairs.extend(self.world.pipedrive.env());
        }
        pairs.extend([("CONTROL_URL", self.origins.control.clone()), ("FATURA_URL", self.app_url.clone())]);
        pairs.iter().fold(String::new(), |mut env, (key, value)| {
            let _ = writeln!(env, "{key}={value}");
            env
        })
    }

    fn save(&self) -> anyhow::Result<()> {
        match &self.dir {
            Some(dir) => self.world.save(&self.origins, dir),
            None => Ok(()),
        }
    }

    /// Stops serving and saves the state.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        for task in self.tasks {
            // A browser may keep a connection open. The state is saved all the same.
            let _ = tokio::time::timeout(STOP_TIMEOUT, task).await;
        }
        match &self.dir {
            Some(dir) => self.world.save(&self.origins, dir),
            None => Ok(()),
        }
    }
}
