//! The pages of one statement, on their way from who runs it to who reads them.
//!
//! Most statements have one page, and each has one of these: so it is one piece of memory, where a
//! queue for any number of senders would be several, and larger ones.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use onepool_proto::Failure;
use onepool_proto::limits::READ_AHEAD_PAGES;
use onepool_proto::page::Page;
use parking_lot::Mutex;

/// A page, or why there are no more.
pub(crate) type Delivered = Result<Page, Failure>;

/// The two ends of a new way, on which so many pages wait for their reader as are read ahead.
pub(crate) fn pages() -> (PageWriter, Pages) {
    let way = Arc::new(Way::default());
    (PageWriter(Arc::clone(&way)), Pages(way))
}

/// Where pages are handed over.
#[derive(Debug)]
pub(crate) struct PageWriter(Arc<Way>);

/// The pages of one statement, as the reader gets them.
#[derive(Debug)]
pub(crate) struct Pages(Arc<Way>);

/// Notices when nobody reads the pages any more.
#[derive(Debug)]
pub(crate) struct Unread(Arc<Way>);

#[derive(Debug, Default)]
struct Way {
    /// The reader has gone away.
    unread: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pages: VecDeque<Delivered>,
    /// Nothing more will come.
    ended: bool,
    reader: Option<Waker>,
    /// Whoever waits for room.
    writer: Option<Waker>,
    /// Whoever waits for the reader to go away.
    watcher: Option<Waker>,
}

impl PageWriter {
    /// Whether nobody reads any more.
    pub(super) fn is_unread(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed)
    }

    /// A way to notice that.
    pub(super) fn unread(&self) -> Unread {
        Unread(Arc::clone(&self.0))
    }

    /// Waits until there is room for a page that others follow, or nobody reads.
    ///
    /// # Cancel safety
    /// Nothing happens if the future is dropped.
    pub(super) async fn room(&self) {
        poll_fn(|cx| self.poll_room(cx)).await;
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state.lock();
        if state.pages.len() < READ_AHEAD_PAGES as usize || self.is_unread() {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Hands a page over. There is always room for the last one, or for the failure in its place:
    /// a statement that has ended does not wait for its reader.
    pub(super) fn hand_over(&self, page: Delivered) {
        let mut state = self.0.state.lock();
        if self.is_unread() {
            return;
        }
        state.pages.push_back(page);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }
}

impl Drop for PageWriter {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.ended = true;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }
}

impl Pages {
    /// The next page. `None` if there will be none.
    ///
    /// # Cancel safety
    /// No page is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Delivered> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivered>> {
        let mut state = self.0.state.lock();
        if let Some(page) = state.pages.pop_front() {
            let writer = state.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Some(page));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        self.0.unread.store(true, Ordering::Relaxed);
        let unwanted = std::mem::take(&mut state.pages);
        let (writer, watcher) = (state.writer.take(), state.watcher.take());
        drop(state);
        drop(unwanted);
        wake(writer);
        wake(watcher);
    }
}

impl Unread {
    /// Returns when nobody reads any more.
    pub(crate) async fn noticed(&self) {
        poll_fn(|cx| {
            let mut state = self.0.state.lock();
            if self.0.unread.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            state.watcher = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Outside the lock, since whoever is woken may take it.
fn wake(waiting: Option<Waker>) {
    if let Some(waiting) = waiting {
        waiting.wake();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use onepool_proto::Code;

    use super::*;

    fn page(more: bool) -> Delivered {
        Ok(Page {
            more,
            ..Page::default()
        })
    }

    #[tokio::test]
    async fn a_writer_waits_while_the_reader_is_behind() {
        let (writer, mut pages) = pages();
        for _ in 0..READ_AHEAD_PAGES {
            writer.room().now_or_never().expect("there is room");
            writer.hand_over(page(true));
        }
        assert!(writer.room().now_or_never().is_none());
        let read = async { pages.next().await };
        let ((), read) = tokio::join!(biased; writer.room(), read);
        assert_eq!(read, Some(page(true)));
    }

    #[tokio::test]
    async fn the_last_page_waits_for_nobody() {
        let (writer, mut pages) = pages();
        writer.hand_over(page(true));
        writer.hand_over(page(true));
        writer.hand_over(Err(Failure::new(Code::INTERNAL, "the end")));
        drop(writer);
        assert_eq!(pages.next().await, Some(page(true)));
        assert_eq!(pages.next().await, Some(page(true)));
        assert!(pages.next().await.is_some_and(|last| last.is_err()));
        assert_eq!(pages.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_learns_of_each_page_and_of_the_end() {
        let (writer, mut pages) = pages();
        let reading = tokio::spawn(async move {
            let mut read = 0;
            while pages.next().await.is_some() {
                read += 1;
            }
            read
        });
        for _ in 0..10 {
            writer.room().await;
            writer.hand_over(page(true));
        }
        drop(writer);
        assert_eq!(reading.await.unwrap(), 10);
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_is_noticed_by_all() {
        let (writer, pages) = pages();
        let unread = writer.unread();
        for _ in 0..READ_AHEAD_PAGES {
            writer.hand_over(page(true));
        }
        assert!(unread.noticed().now_or_never().is_none());
        let goes_away = async { drop(pages) };
        // Whoever waits was polled before, so only being woken lets it go on.
        tokio::join!(biased; unread.noticed(), writer.room(), goes_away);
        assert!(writer.is_unread());
        writer.hand_over(page(false));
        assert!(writer.0.state.lock().pages.is_empty());
    }
}
