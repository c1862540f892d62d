//! A stream for each open page: "something of your company has changed, ask again". It holds no data.

use super::{
    error::Error,
    session::{Session, is_installed},
};
use crate::{event_streams::OpenStream, flows::context::UserContext};
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::ids::TenantId;
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
    context: UserContext,
    open: OpenStream,
    heard: Receiver<TenantId>,
    until: Instant,
}

impl Watch {
    /// Waits for a change; false when the stream is to end: also where the user has the app no longer.
    async fn changed(&mut self) -> bool {
        loop {
            let heard = tokio::select! {
                () = self.context.app.stop.cancelled() => return false,
                () = self.open.replaced() => return false,
                heard = timeout_at(self.until, self.heard.recv()) => heard,
            };
            match heard {
                Ok(Ok(tenant)) if tenant != self.context.tenant => {}
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {
                    tokio::time::sleep(GATHER).await;
                    self.heard = self.heard.resubscribe();
                    return is_installed(&self.context).await;
                }
                Ok(Err(RecvError::Closed)) | Err(_) => return false,
            }
        }
    }
}

pub(crate) async fn stream(session: Session) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let until = Instant::now() + LIFE;
    let open = session.app.event_streams.open(session.tenant, session.user);
    let heard = session.app.db.subscribe_to_announcements();
    let watch = Watch { heard, open, context: session.context, until };
    let events = unfold(watch, async |mut watch| {
        watch.changed().await.then(|| (Ok(Event::default().event("changed").data("")), watch))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
