//! Stopping a future at each point where it waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A point in a future's life, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has just begun to wait for the nth time.
    Waits(usize),
    /// What it waited for the nth time has come, and it does not know yet.
    Woken(usize),
}

impl Moment {
    /// All of them, in the order in which a future comes by.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..).flat_map(|nth| [Self::Waits(nth), Self::Woken(nth)])
    }
}

/// A future that can be stopped at a [`Moment`], to be dropped or to go on.
#[derive(Debug)]
pub struct Stepped<F> {
    future: Pin<Box<F>>,
    waits: usize,
    bell: Arc<Bell>,
}

impl<F: Future> Stepped<F> {
    /// The future, which has not begun.
    pub fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            waits: 0,
            bell: Arc::default(),
        }
    }

    /// Runs it up to this moment, or to its end if that comes first.
    pub async fn until(&mut self, moment: Moment) -> Option<F::Output> {
        self.run(Some(moment)).await
    }

    /// Runs it to its end.
    pub async fn finish(mut self) -> F::Output {
        loop {
            if let Some(output) = self.run(None).await {
                return output;
            }
        }
    }

    async fn run(&mut self, until: Option<Moment>) -> Option<F::Output> {
        let waker = Waker::from(Arc::clone(&self.bell));
        poll_fn(|cx| {
            self.bell.outer.register(cx.waker());
            // Somebody else of this task may have been woken.
            if self.waits > 0 && !self.bell.rung.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            if until == Some(Moment::Woken(self.waits)) {
                return Poll::Ready(None);
            }
            self.bell.rung.store(false, Ordering::Release);
            match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => {
                    self.waits += 1;
                    if until == Some(Moment::Waits(self.waits)) {
                        return Poll::Ready(None);
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Remembers that the future was woken, and wakes whoever polls it.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.outer.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits so many times, and counts how often it came back.
    async fn waiting(times: usize, came_back: &AtomicBool) -> usize {
        for _ in 0..times {
            came_back.store(false, Ordering::Relaxed);
            tokio::task::yield_now().await;
            came_back.store(true, Ordering::Relaxed);
        }
        times
    }

    #[tokio::test]
    async fn every_moment_is_come_by_and_then_the_end() {
        let came_back = AtomicBool::new(false);
        for (moments, moment) in Moment::all().enumerate() {
            let mut stepped = Stepped::new(waiting(3, &came_back));
            if let Some(output) = stepped.until(moment).await {
                assert_eq!((output, moments), (3, 6));
                return;
            }
            assert!(!came_back.load(Ordering::Relaxed), "{moment:?}");
            assert_eq!(stepped.finish().await, 3, "it can go on");
        }
    }
}
