//! Starting and stopping: binds the origins, serves them, saves the world.

use crate::{
    control, faults,
    origins::{self, Origins},
    pipedrive::{self, app::Kind},
    quickbooks::{
        self,
        api::limits::{self, Limits},
        webhooks,
    },
    world::{Saved, Shared, World},
};
use anyhow::Context;
use axum::{Router, extract::DefaultBodyLimit, middleware};
use std::{
    fmt::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The largest body of an API request: a file of 100 MB, in base64.
const UPLOAD: usize = 140 * 1024 * 1024;

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Base address of the app under development: Fatura, or a stranger's.
    pub app_url: String,
    /// Where the state and `demo.env` are kept; without it nothing is written.
    pub dir: Option<PathBuf>,
    /// The first of seven ports, taken if free; 0 for any.
    pub first_port: u16,
    /// Further addresses to which Intuit may send the browser back.
    pub redirect_uris: Vec<String>,
    /// Where QuickBooks' webhooks go; nowhere without it.
    pub webhook_url: Option<String>,
    /// Whether the providers' limits of requests hold.
    pub limits: bool,
    /// Serve QuickBooks alone.
    pub only_quickbooks: bool,
    /// The file with the registration of the Pipedrive app; Fatura's without one.
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
    /// Where it listens.
    pub origins: Origins,
    shared: Shared,
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
    let world = match saved {
        Some(saved) => saved.world,
        None => World::seeded()?,
    };
    let registration = options.pipedrive_app.as_ref().map(std::fs::read_to_string).transpose();
    let registration = registration.context("reading the registration of the Pipedrive app")?;
    let app = pipedrive::App::read(registration.as_deref(), &options.app_url)?;
    let shared = Shared::new(
        world,
        origins.clone(),
        app,
        quickbooks::App::registered(&options.app_url, &options.redirect_uris),
    )?;
    if !options.limits {
        shared.meter.limit(Limits::NONE);
        shared.pipedrive_meter.limit(pipedrive::limits::Limits::NONE);
    }
    if let Some(url) = &options.webhook_url {
        shared.world().quickbooks.webhooks.endpoint = Some(serde_json::from_value(serde_json::json!({ "url": url }))?);
    }
    // Sign-in and tokens fail like everything else.
    let api = |router: Router, provider| {
        router.layer(middleware::from_fn_with_state((shared.clone(), provider), faults::layer))
    };
    let routers = [
        pipedrive::web::router(shared.clone()),
        api(pipedrive::oauth::router(shared.clone()), "pipedrive"),
        api(pipedrive::api::router(shared.clone()), "pipedrive"),
        api(quickbooks::oauth::router(shared.clone()), "quickbooks"),
        api(quickbooks::api::router(shared.clone()), "quickbooks")
            .layer(middleware::from_fn_with_state(shared.clone(), limits::layer))
            .layer(DefaultBodyLimit::max(UPLOAD)),
        quickbooks::web::router(shared.clone()),
        control::router(shared.clone()),
    ];
    let stop = CancellationToken::new();
    let mut tasks: Vec<JoinHandle<()>> = listeners
        .into_iter()
        .zip(routers)
        .enumerate()
        // The first three belong to Pipedrive.
        .filter(|(at, _)| !options.only_quickbooks || *at >= 3)
        .map(|(_, (listener, router))| tokio::spawn(serve(listener, router, stop.clone())))
        .collect();
    tasks.push(tokio::spawn(webhooks::deliver(shared.clone(), stop.clone())));
    tasks.push(tokio::spawn(pipedrive::webhooks::deliver(shared.clone(), stop.clone())));
    if let Some(dir) = &dir {
        tasks.push(tokio::spawn(save_often(shared.clone(), dir.clone(), stop.clone())));
    }
    let sandbox = Sandbox {
        origins,
        shared,
        app_url: options.app_url,
        only_quickbooks: options.only_quickbooks,
        dir,
        stop,
        tasks,
    };
    if let Some(dir) = &options.dir {
        // Whoever waits for the file finds it whole.
        std::fs::write(dir.join("demo.env.new"), sandbox.env())?;
        std::fs::rename(dir.join("demo.env.new"), dir.join("demo.env"))?;
        sandbox.save()?;
    }
    Ok(sandbox)
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let router = router.layer(DefaultBodyLimit::max(4 * 1024 * 1024));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "an origin stopped");
    }
}

async fn save_often(shared: Shared, dir: PathBuf, stop: CancellationToken) {
    let mut pause = Duration::from_millis(500);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
        let began = Instant::now();
        let saved = shared.save(&dir);
        // Saving much takes long: it is done the less often.
        pause = Duration::from_millis(500).max(began.elapsed() * 20);
        if let Err(error) = saved {
            tracing::error!(%error, "the sandbox's state was not saved");
        }
    }
}

impl Sandbox {
    /// Every address and credential that a program needs to talk to the sandbox, as `KEY=value` lines.
    pub fn env(&self) -> String {
        let o = &self.origins;
        let quickbooks = &self.shared.quickbooks_app;
        let pipedrive = &self.shared.app;
        let secret = |kind| {
            pipedrive.of_kind(kind).next().map(|extension| pipedrive.secret(extension).to_owned()).unwrap_or_default()
        };
        let realms = self.shared.world().quickbooks.realm_ids().join(",");
        let pairs = [
            ("QUICKBOOKS_API_URL", o.quickbooks_api.clone()),
            ("QUICKBOOKS_WEB_URL", o.quickbooks_web.clone()),
            ("QUICKBOOKS_DISCOVERY_URL", format!("{}/.well-known/openid_sandbox_configuration", o.intuit)),
            ("QUICKBOOKS_AUTHORIZE_URL", format!("{}/connect/oauth2", o.intuit)),
            ("QUICKBOOKS_TOKEN_URL", format!("{}/oauth2/v1/tokens/bearer", o.intuit)),
            ("QUICKBOOKS_REVOKE_URL", format!("{}/v2/oauth2/tokens/revoke", o.intuit)),
            ("QUICKBOOKS_CLIENT_ID", quickbooks.client_id.clone()),
            ("QUICKBOOKS_CLIENT_SECRET", quickbooks.client_secret.clone()),
            ("QUICKBOOKS_USERINFO_URL", format!("{}/v1/openid_connect/userinfo", o.intuit)),
            ("QUICKBOOKS_JWKS_URL", format!("{}/op/v1/jwks", o.intuit)),
            ("QUICKBOOKS_VERIFIER_TOKEN", webhooks::VERIFIER_TOKEN.into()),
            ("QUICKBOOKS_REALM_IDS", realms),
            ("PIPEDRIVE_WEB_URL", o.pipedrive_web.clone()),
            ("PIPEDRIVE_API_URL", o.pipedrive_api.clone()),
            ("PIPEDRIVE_AUTHORIZE_URL", format!("{}/oauth/authorize", o.pipedrive_oauth)),
            ("PIPEDRIVE_TOKEN_URL", format!("{}/oauth/token", o.pipedrive_oauth)),
            ("PIPEDRIVE_REVOKE_URL", format!("{}/oauth/revoke", o.pipedrive_oauth)),
            ("PIPEDRIVE_CLIENT_ID", pipedrive.client_id.clone()),
            ("PIPEDRIVE_CLIENT_SECRET", pipedrive.client_secret.clone()),
            ("PIPEDRIVE_JWT_SECRET_PANEL", secret(Kind::Panel)),
            ("PIPEDRIVE_JWT_SECRET_FORM", secret(Kind::Modal)),
            ("PIPEDRIVE_JWT_SECRET_SETTINGS", secret(Kind::Settings)),
            ("CONTROL_URL", o.control.clone()),
            ("FATURA_URL", self.app_url.clone()),
        ];
        let told = pairs.iter().filter(|(key, _)| !(self.only_quickbooks && key.starts_with("PIPEDRIVE")));
        told.fold(String::new(), |mut env, (key, value)| {
            let _ = writeln!(env, "{key}={value}");
            env
        })
    }

    fn save(&self) -> anyhow::Result<()> {
        match &self.dir {
            Some(dir) => self.shared.save(dir),
            None => Ok(()),
        }
    }

    /// Stops serving and saves the state.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        for task in self.tasks {
            // A browser may hold a connection open; the state below is what counts.
            let _ = tokio::time::timeout(Duration::from_secs(1), task).await;
        }
        match &self.dir {
            Some(dir) => self.shared.save(dir),
            None => Ok(()),
        }
    }
}
