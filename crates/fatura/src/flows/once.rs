//! What many ask for at once is read once.

use super::Error;
use moka::future::Cache;
use std::hash::Hash;

/// What is known; otherwise it is read, by one for all that wait for it. Who waited for somebody who failed reads it themselves.
pub(super) async fn read<Key, Value, Reading>(
    known: &Cache<Key, Value>,
    key: Key,
    read: impl Fn() -> Reading + Send + Sync,
) -> Result<Value, Error>
where
    Key: Hash + Eq + Send + Sync + Clone + 'static,
    Value: Clone + Send + Sync + 'static,
    Reading: Future<Output = Result<Value, Error>> + Send,
{
    let mut failed = None;
    let reading = Box::pin(async { read().await.map_err(|error| failed = Some(error)).ok() });
    match (known.optionally_get_with(key, reading).await, failed) {
        (Some(value), _) => Ok(value),
        (None, Some(error)) => Err(error),
        (None, None) => read().await,
    }
}
