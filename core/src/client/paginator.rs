//! Lists that the service returns page by page.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, unfold};

use crate::error::Result;

/// The items of one page, and whether another page may follow.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) is_full: bool,
}

/// A stream of the items of a long list. It fetches pages as needed.
///
/// New items at the start of the list may shift the others while you read: the stream still returns no
/// item twice. An error ends the stream.
#[must_use = "streams do nothing until they are polled"]
pub struct Paginator<T> {
    stream: BoxStream<'static, Result<T>>,
}

struct State<T, F, K> {
    fetch: F,
    id: K,
    page: u32,
    ready: VecDeque<T>,
    seen: HashSet<String>,
    is_finished: bool,
}

impl<T: Send + 'static> Paginator<T> {
    /// Creates a stream of the items of the pages that `fetch` returns for 1, 2, …; `id` identifies an
    /// item.
    pub(super) fn new<F, K>(fetch: F, id: K) -> Self
    where
        F: Fn(u32) -> BoxFuture<'static, Result<Page<T>>> + Send + 'static,
        K: Fn(&T) -> String + Send + 'static,
    {
        let state = State {
            fetch,
            id,
            page: 0,
            ready: VecDeque::new(),
            seen: HashSet::new(),
            is_finished: false,
        };
        Self { stream: unfold(state, next).boxed() }
    }

    /// Returns the next item, or `None` after the last.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.stream.next().await
    }
}

async fn next<T, F, K>(mut state: State<T, F, K>) -> Option<(Result<T>, State<T, F, K>)>
where
    F: Fn(u32) -> BoxFuture<'static, Result<Page<T>>>,
    K: Fn(&T) -> String,
{
    loop {
        if let Some(item) = state.ready.pop_front() {
            return Some((Ok(item), state));
        }
        if state.is_finished {
            return None;
        }
        state.page += 1;
        match (state.fetch)(state.page).await {
            Ok(Page { items, is_full }) => {
                let (seen, id) = (&mut state.seen, &state.id);
                state.ready.extend(items.into_iter().filter(|item| seen.insert(id(item))));
                // A full page without new items: the server repeats the same page.
                state.is_finished = !is_full || state.ready.is_empty();
            }
            Err(error) => {
                state.is_finished = true;
                return Some((Err(error), state));
            }
        }
    }
}

impl<T> Stream for Paginator<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Paginator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    async fn read(pages: Vec<(Vec<u32>, bool)>) -> (Vec<u32>, usize) {
        let requests = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = requests.clone();
        let fetch = move |page: u32| -> BoxFuture<'static, Result<Page<u32>>> {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let found = pages.get(page as usize - 1).cloned();
            Box::pin(async move {
                let (items, is_full) =
                    found.ok_or_else(|| Error::new(ErrorKind::Server, "no such page"))?;
                Ok(Page { items, is_full })
            })
        };
        let items =
            Paginator::new(fetch, u32::to_string).map(|item| item.unwrap_or(0)).collect().await;
        (items, requests.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn the_stream_ends_and_repeats_no_item() {
        for (pages, items, requests) in [
            (vec![(vec![1, 2], true), (vec![3], false)], vec![1, 2, 3], 2),
            (vec![(vec![], false)], vec![], 1),
            // The server repeats the same page.
            (vec![(vec![3, 4], true), (vec![3, 4], true)], vec![3, 4], 2),
            // A new item appeared in between: the second page starts with the last item of the first.
            (vec![(vec![3, 4], true), (vec![4, 5], true), (vec![], false)], vec![3, 4, 5], 3),
            // An error is the last item.
            (vec![(vec![1], true)], vec![1, 0], 2),
        ] {
            let case = format!("{pages:?}");
            assert_eq!(read(pages).await, (items, requests), "{case}");
        }
    }
}
