//! The event stream of an open page. An event means that data of the tenant has changed and the page should reload; it holds no data.

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

/// Lifetime of a stream. The page then opens a new one with a new bearer.
const STREAM_LIFETIME: Duration = Duration::from_secs(240);
/// Interval of keep-alive comments. Proxies close connections that are idle for longer.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Delay that merges changes in quick succession into one event.
const COALESCE_DELAY: Duration = Duration::from_millis(100);

struct ChangeListener {
    context: UserContext,
    stream: OpenStream,
    announcements: Receiver<TenantId>,
    deadline: Instant,
}

impl ChangeListener {
    /// Waits for a change. Returns `false` if the stream should end, for example because the user uninstalled the app.
    async fn wait_for_change(&mut self) -> bool {
        loop {
            let received = tokio::select! {
                () = self.context.app.stop.cancelled() => return false,
                () = self.stream.wait_until_replaced() => return false,
                received = timeout_at(self.deadline, self.announcements.recv()) => received,
            };
            match received {
                Ok(Ok(tenant)) if tenant != self.context.tenant => {}
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {
                    tokio::time::sleep(COALESCE_DELAY).await;
                    self.announcements = self.announcements.resubscribe();
                    return is_installed(&self.context).await;
                }
                Ok(Err(RecvError::Closed)) | Err(_) => return false,
            }
        }
    }
}

pub(crate) async fn open_event_stream(
    session: Session,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let deadline = Instant::now() + STREAM_LIFETIME;
    let stream = session.app.event_streams.open(session.tenant, session.user);
    let announcements = session.app.db.subscribe_to_announcements();
    let listener = ChangeListener { announcements, stream, context: session.context, deadline };
    let events = unfold(listener, async |mut listener| {
        listener.wait_for_change().await.then(|| (Ok(Event::default().event("changed").data("")), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)))
}
