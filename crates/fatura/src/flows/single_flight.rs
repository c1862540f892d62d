//! Coalesces concurrent reads of one key.

use super::Error;
use moka::future::Cache;
use std::hash::Hash;

/// Returns the cached value of a key, or reads it once for all concurrent callers. If that read fails, each waiting caller reads for itself.
pub(super) async fn read_once<Key, Value, Reading>(
    cache: &Cache<Key, Value>,
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
    match (cache.optionally_get_with(key, reading).await, failed) {
        (Some(value), _) => Ok(value),
        (None, Some(error)) => Err(error),
        (None, None) => read().await,
    }
}
