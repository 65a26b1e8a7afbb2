//! Long lists that the service gives page by page.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, unfold};

use crate::error::Result;

/// A page: its items, and whether another may follow.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) is_full: bool,
}

/// The items of a long list, fetched page by page as they are needed.
///
/// A stream. While it is read, new items may come at the list's beginning and move the others: no
/// item is given twice for that. An error ends it.
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
    is_over: bool,
}

impl<T: Send + 'static> Paginator<T> {
    /// The items of the pages that `fetch` gives for 1, 2, …; `id` tells them apart.
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
            is_over: false,
        };
        Self { stream: unfold(state, next).boxed() }
    }

    /// The next item; `None` after the last.
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
        if state.is_over {
            return None;
        }
        state.page += 1;
        match (state.fetch)(state.page).await {
            Ok(Page { items, is_full }) => {
                let (seen, id) = (&mut state.seen, &state.id);
                state.ready.extend(items.into_iter().filter(|item| seen.insert(id(item))));
                // A full page without news: the server gives the same one again and again.
                state.is_over = !is_full || state.ready.is_empty();
            }
            Err(error) => {
                state.is_over = true;
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
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = asked.clone();
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
        (items, asked.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn pages_end_and_repeat_nothing() {
        for (pages, items, asked) in [
            (vec![(vec![1, 2], true), (vec![3], false)], vec![1, 2, 3], 2),
            (vec![(vec![], false)], vec![], 1),
            // The server gives the same page again and again.
            (vec![(vec![3, 4], true), (vec![3, 4], true)], vec![3, 4], 2),
            // One new item came in between: the second page begins with what the first ended in.
            (vec![(vec![3, 4], true), (vec![4, 5], true), (vec![], false)], vec![3, 4, 5], 3),
            // An error is the last item.
            (vec![(vec![1], true)], vec![1, 0], 2),
        ] {
            let case = format!("{pages:?}");
            assert_eq!(read(pages).await, (items, asked), "{case}");
        }
    }
}
