//! The event streams of open pages, with a limit for each user.

use domain::ids::{TenantId, UserId};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// Upper bound for the event streams of one user on one replica. A browser tab needs one or two.
const MAX_STREAMS_PER_USER: usize = 20;

type Key = (TenantId, UserId);
/// The streams of one user, the oldest first, each with its number.
type OfUser = VecDeque<(u64, CancellationToken)>;

/// The open streams; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventStreams(Arc<Mutex<HashMap<Key, OfUser>>>);

impl EventStreams {
    /// Opens a stream for a user, and ends the oldest one if there are too many.
    pub(crate) fn open(&self, tenant: TenantId, user: UserId) -> OpenStream {
        let key = (tenant, user);
        let ended = CancellationToken::new();
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_user = streams.entry(key).or_default();
        let number = of_user.back().map_or(0, |(last, _)| last.wrapping_add(1));
        of_user.push_back((number, ended.clone()));
        if of_user.len() > MAX_STREAMS_PER_USER
            && let Some((_, oldest)) = of_user.pop_front()
        {
            oldest.cancel();
        }
        OpenStream { streams: self.clone(), key, number, ended }
    }
}

/// An open stream, which is closed when dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    streams: EventStreams,
    key: Key,
    number: u64,
    ended: CancellationToken,
}

impl OpenStream {
    /// Waits until a newer stream of the same user replaces this one.
    pub(crate) async fn wait_until_replaced(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut streams = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_user) = streams.get_mut(&self.key) {
            of_user.retain(|(number, _)| *number != self.number);
            if of_user.is_empty() {
                streams.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_new_stream_beyond_the_limit_ends_the_oldest_one_of_the_user() {
        let streams = EventStreams::default();
        let tenant = TenantId(Uuid::from_u128(1));
        let colleague = streams.open(tenant, UserId(2));
        let mut open: Vec<OpenStream> = (0..MAX_STREAMS_PER_USER).map(|_| streams.open(tenant, UserId(1))).collect();
        assert!(open.iter().all(|stream| !stream.ended.is_cancelled()));
        open.push(streams.open(tenant, UserId(1)));
        let ended: Vec<bool> = open.iter().map(|stream| stream.ended.is_cancelled()).collect();
        assert!(ended[0] && !ended[1..].contains(&true) && !colleague.ended.is_cancelled());
        drop((open, colleague));
        assert!(streams.0.lock().unwrap().is_empty(), "closed streams leave no entry");
    }
}
