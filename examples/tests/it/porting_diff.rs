//! The porting guide counts what changed in the shop. This counts again.

use std::fs;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

/// The lines of one file, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    before: usize,
    gone: usize,
    new: usize,
}

impl Count {
    fn of(before: &str, after: &str) -> Self {
        let diff = TextDiff::from_lines(before, after);
        let tagged = |tag| {
            diff.iter_all_changes()
                .filter(|change| change.tag() == tag)
                .count()
        };
        Self {
            before: before.lines().count(),
            gone: tagged(ChangeTag::Delete),
            new: tagged(ChangeTag::Insert),
        }
    }

    fn add(&mut self, other: Self) {
        self.before += other.before;
        self.gone += other.gone;
        self.new += other.new;
    }
}

#[test]
fn the_guide_counts_right() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(package.join("../docs/porting.md")).unwrap();
    let (before, after) = (
        package.join("porting/before"),
        package.join("porting/after"),
    );
    let files = files(&before);
    assert_eq!(files, self::files(&after), "a file is on one side alone");

    let mut total = Count::default();
    for file in files {
        let read = |folder: &Path| fs::read_to_string(folder.join(&file)).unwrap();
        let count = Count::of(&read(&before), &read(&after));
        let Count { before, gone, new } = count;
        let row = format!("| `{}` | {before} | {gone} | {new} |", file.display());
        assert!(guide.contains(&row), "docs/porting.md lacks: {row}");
        total.add(count);
    }
    let Count { before, gone, new } = total;
    let sum = format!("Of {before} lines, {gone} go and {new} come.");
    assert!(guide.contains(&sum), "docs/porting.md lacks: {sum}");
}

#[test]
fn changed_lines_are_counted_on_both_sides() {
    let count = Count::of("a\nb\nc\n", "a\nB\nc\nd\n");
    assert_eq!(
        count,
        Count {
            before: 3,
            gone: 1,
            new: 2
        }
    );
}

/// The files in a folder and those below it, by their path from there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
