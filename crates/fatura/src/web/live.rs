//! A stream for each open page: "something of your company has changed, ask again". It holds no data.

use super::{
    error::Error,
    session::{Session, is_installed},
};
use crate::{event_streams::OpenStream, state::App};
use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use domain::ids::{TenantId, UserId};
use futures_util::stream::{Stream, unfold};
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, timeout_at},
};

/// The page comes back with a new bearer after so long.
const LIFE: Duration = Duration::from_secs(240);
/// Proxies drop what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Several changes at once are one.
const GATHER: Duration = Duration::from_millis(100);

struct Watch {
    app: App,
    open: OpenStream,
    heard: Receiver<TenantId>,
    tenant: TenantId,
    user: UserId,
    until: Instant,
}

impl Watch {
    /// Waits for a change; false when the stream is to end: also where the user has the app no longer.
    async fn changed(&mut self) -> bool {
        loop {
            let heard = tokio::select! {
                () = self.app.stop.cancelled() => return false,
                () = self.open.replaced() => return false,
                heard = timeout_at(self.until, self.heard.recv()) => heard,
            };
            match heard {
                Ok(Ok(tenant)) if tenant != self.tenant => {}
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {
                    tokio::time::sleep(GATHER).await;
                    self.heard = self.heard.resubscribe();
                    return is_installed(&self.app, self.tenant, self.user).await;
                }
                Ok(Err(RecvError::Closed)) | Err(_) => return false,
            }
        }
    }
}

pub(crate) async fn stream(
    State(app): State<App>,
    session: Session,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let (tenant, user, until) = (session.tenant.id, session.user, Instant::now() + LIFE);
    let open = app.event_streams.open(tenant, user);
    let watch = Watch { heard: app.db.subscribe_to_announcements(), open, tenant, user, until, app };
    let events = unfold(watch, async |mut watch| {
        watch.changed().await.then(|| (Ok(Event::default().event("changed").data("")), watch))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
