//! The service and the sandbox in one process, for one test:
//!
//!     let app = TestApp::start(backend).await.with_company(US).await;
//!     let dana = app.sign_in(US);
//!
//! The service runs in its own runtime, so that a test can simulate a crash.

use crate::{
    browser,
    database::{self, Backend},
    person::{Person, User},
    providers::{Providers, send},
};
use fatura::config::Config;
use std::{net::TcpListener, sync::Once, time::Duration};
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Upper bound for the shutdown of the service.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);

/// Key that encrypts secrets in the database.
const KEY_RING: &str = "test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

/// The service and the sandbox of one test.
pub(crate) struct TestApp {
    /// Both simulated providers.
    pub(crate) providers: Providers,
    /// URL of the service.
    pub(crate) url: String,
    settings: Vec<(String, String)>,
    listener: TcpListener,
    service: Option<Service>,
    replicas: Vec<Service>,
    /// Contains the SQLite file.
    _folder: TempDir,
}

/// The running service.
struct Service {
    runtime: Runtime,
    stop: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl TestApp {
    /// Starts the sandbox, and the service on an empty database.
    pub(crate) async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    /// Like [`TestApp::start`], with further settings of the service.
    pub(crate) async fn start_with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        init_logging();
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // The host name differs from the sandbox's, because browsers store cookies for each host.
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let providers = Providers::start(&url).await;
        let mut all = vec![
            ("public_url".to_owned(), url.clone()),
            ("database_url".to_owned(), backend.create_database(&folder).await),
            ("key_ring".to_owned(), KEY_RING.to_owned()),
        ];
        all.extend(providers.settings());
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut app =
            Self { providers, url, settings: all, listener, service: None, replicas: Vec::new(), _folder: folder };
        app.start_service();
        app.wait_until_ready(&app.url).await;
        app
    }

    /// Installs the app as this user of Pipedrive, and connects their QuickBooks company.
    pub(crate) async fn with_company(self, user: User) -> Self {
        browser::install(&self, user).await;
        self
    }

    /// Signs in a user of Pipedrive.
    pub(crate) fn sign_in(&self, user: User) -> Person<'_> {
        self.sign_in_at(&self.url, user)
    }

    /// Signs in a user of Pipedrive at a replica.
    pub(crate) fn sign_in_at(&self, url: &str, user: User) -> Person<'_> {
        Person::new(self, url, user)
    }

    /// Runs a statement on the service's database, in the dialect of SQLite or PostgreSQL. Returns the number of rows.
    pub(crate) async fn execute(&self, statements: [&'static str; 2]) -> u64 {
        let (_, url) = self.settings.iter().find(|(name, _)| name == "database_url").unwrap();
        database::execute(url, statements).await
    }

    fn start_service(&mut self) {
        self.service = Some(self.serve(self.listener.try_clone().unwrap()));
    }

    /// Starts another replica on the same PostgreSQL database. Returns its URL.
    pub(crate) async fn start_replica(&mut self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let replica = self.serve(listener);
        self.replicas.push(replica);
        self.wait_until_ready(&url).await;
        url
    }

    fn serve(&self, listener: TcpListener) -> Service {
        let config = Config::from_values(self.settings.clone()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let stop = CancellationToken::new();
        let stop_requested = stop.clone();
        let serving = runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let served = fatura::serve(config, listener, stop_requested).await;
            if let Err(error) = &served {
                tracing::error!("the service ended with an error: {error:#}");
            }
            served
        });
        Service { runtime, stop, serving }
    }

    async fn wait_until_ready(&self, url: &str) {
        // The listener already accepts connections, so the request waits until the service answers.
        let answer = send(self.providers.http.get(format!("{url}/readyz"))).await;
        assert!(answer.unwrap().status().is_success(), "the service is not ready");
    }

    /// Stops the service as a signal does, and waits until work in progress is finished.
    pub(crate) async fn stop_service(&mut self) {
        let Service { runtime, stop, serving } = self.service.take().unwrap();
        stop.cancel();
        tokio::time::timeout(STOP_TIMEOUT, serving).await.expect("the service ends in time").unwrap().unwrap();
        shut_down(runtime).await;
    }

    /// Stops the service as a crash does: work in progress is cancelled.
    pub(crate) async fn kill_service(&mut self) {
        shut_down(self.service.take().unwrap().runtime).await;
    }

    /// Starts the service again, on the same database and at the same URL.
    pub(crate) async fn restart_service(&mut self) {
        self.start_service();
        self.wait_until_ready(&self.url).await;
    }
}

/// Drops all tasks of a runtime and waits until they have ended, so that the lock of the database is released.
async fn shut_down(runtime: Runtime) {
    tokio::task::spawn_blocking(move || runtime.shutdown_timeout(STOP_TIMEOUT)).await.unwrap();
}

impl Drop for TestApp {
    fn drop(&mut self) {
        for service in self.service.take().into_iter().chain(self.replicas.drain(..)) {
            service.runtime.shutdown_background();
        }
    }
}

/// Writes the log of the service to the output of the test, which is shown if the test fails.
fn init_logging() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().init();
    });
}
