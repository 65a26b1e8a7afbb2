//! Notices transfers that stand still.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many bytes a transfer has moved.
#[derive(Clone, Default)]
pub(crate) struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    pub(crate) fn add(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The transfer's result, or `None` once it moved no byte for `stall`.
pub(crate) async fn unless_stalled<T>(
    transfer: impl Future<Output = T>,
    count: &ByteCount,
    stall: Duration,
) -> Option<T> {
    let mut transfer = std::pin::pin!(transfer);
    loop {
        let before = count.get();
        if let Ok(result) = tokio::time::timeout(stall, &mut transfer).await {
            return Some(result);
        }
        if count.get() == before {
            return None;
        }
    }
}
