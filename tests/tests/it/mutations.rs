//! The functions that `cargo fuzz` works on, over its corpus and ten thousand changes of each.
//!
//! A failing one prints its bytes: put them into `fuzz/corpus` when it is mended.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use onepool_tests::fuzz;

const CHANGES: u64 = 10_000;

/// Longer than any of these takes for a few hundred bytes, on however busy a machine.
const LONG: Duration = Duration::from_secs(5);

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let files = std::fs::read_dir(folder.join(target)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus for {target}");
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// One or a few bytes changed, left out or doubled, or a piece of another put in.
fn change(rng: &mut fastrand::Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[rng.usize(..corpus.len())].clone();
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(..=bytes.len());
        match rng.u8(..6) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.insert(
                at,
                *rng.choice(&[0, 0x7f, 0x80, 0xff, b'\'', b'(']).unwrap(),
            ),
            4 => bytes.truncate(at),
            _ => {
                let other = &corpus[rng.usize(..corpus.len())];
                let from = rng.usize(..=other.len());
                bytes.splice(at..at, other[from..].iter().copied());
            }
        }
    }
    bytes
}

fn feed(target: &str, work: fn(&[u8])) {
    let corpus = corpus(target);
    let mut rng = fastrand::Rng::with_seed(7);
    let changed = (0..CHANGES).map(|_| change(&mut rng, &corpus));
    for bytes in corpus.iter().cloned().chain(changed) {
        let began = Instant::now();
        let outcome = std::panic::catch_unwind(|| work(&bytes));
        assert!(outcome.is_ok(), "{target} panics on {bytes:?}");
        assert!(began.elapsed() < LONG, "{target} takes long for {bytes:?}");
    }
}

#[test]
fn frames() {
    feed("frame", fuzz::frame);
}

#[test]
fn handshakes() {
    feed("handshake", fuzz::handshake);
}

#[test]
fn pages() {
    feed("page", fuzz::page);
}

#[test]
fn values() {
    feed("value", fuzz::value);
}

#[test]
fn texts() {
    feed("sql", fuzz::sql);
}
