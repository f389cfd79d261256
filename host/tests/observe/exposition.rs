//! The text format of OpenMetrics, read.

use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// A family of samples.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) help: String,
    /// By the sample's name, which may have a suffix.
    pub(super) samples: Vec<(String, Labels, f64)>,
}

/// What OpenMetrics 1.0 lets a host say, read as strictly as it is written down.
#[derive(Debug, Default)]
pub(super) struct Exposition(BTreeMap<String, Family>);

impl Exposition {
    pub(super) fn parse(text: &str) -> Self {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        let body = text.strip_suffix("# EOF\n").expect("it ends where it says");
        for line in body.lines() {
            if let Some(said) = line.strip_prefix("# HELP ") {
                let (name, help) = said.split_once(' ').unwrap();
                name.clone_into(&mut current);
                let family = families.entry(name.to_owned()).or_default();
                assert!(family.help.is_empty(), "{name} comes twice");
                help.clone_into(&mut family.help);
            } else if let Some(said) = line.strip_prefix("# TYPE ") {
                let (name, kind) = said.split_once(' ').unwrap();
                assert_eq!(name, current, "help and type belong together");
                kind.clone_into(&mut families.get_mut(name).unwrap().kind);
            } else {
                let sample = sample(line);
                let family = families.get_mut(&current).unwrap();
                let suffixes: &[&str] = match &*family.kind {
                    "counter" => &["_total"],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    "gauge" => &[""],
                    other => panic!("{current} is a {other}"),
                };
                let suffix = sample.0.strip_prefix(&current);
                assert!(
                    suffix.is_some_and(|suffix| suffixes.contains(&suffix)),
                    "{line}"
                );
                family.samples.push(sample);
            }
        }
        Self(families)
    }

    pub(super) fn value(&self, sample: &str, labels: &[(&str, &str)]) -> f64 {
        let mut all = self.0.values().flat_map(|family| &family.samples);
        let found = all.find(|(name, has, _)| {
            name == sample
                && labels
                    .iter()
                    .all(|(key, value)| has.get(*key).is_some_and(|has| has == value))
        });
        found
            .unwrap_or_else(|| panic!("there is no {sample} {labels:?}"))
            .2
    }

    /// As documents name them: a counter with its suffix.
    pub(super) fn names(&self) -> BTreeMap<String, &Family> {
        let families = self.0.iter();
        families
            .map(|(name, family)| (documented(name, family), family))
            .collect()
    }
}

fn documented(name: &str, family: &Family) -> String {
    let suffix = if family.kind == "counter" {
        "_total"
    } else {
        ""
    };
    format!("{name}{suffix}")
}

fn sample(line: &str) -> (String, Labels, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = value.parse().unwrap();
    let Some((name, labels)) = series.split_once('{') else {
        return (series.to_owned(), Labels::new(), value);
    };
    let labels = labels.strip_suffix("\"}").unwrap().split("\",");
    let pair = |label: &str| {
        let (key, value) = label.split_once("=\"").unwrap();
        (key.to_owned(), value.to_owned())
    };
    (name.to_owned(), labels.map(pair).collect(), value)
}

impl Family {
    /// A histogram's samples fit each other.
    pub(super) fn is_sound(&self) {
        let mut series: BTreeMap<Labels, Vec<&(String, Labels, f64)>> = BTreeMap::new();
        for sample in &self.samples {
            let mut labels = sample.1.clone();
            labels.remove("le");
            series.entry(labels).or_default().push(sample);
        }
        for samples in series.values() {
            let of = |suffix: &str| {
                samples
                    .iter()
                    .filter(|sample| sample.0.ends_with(suffix))
                    .collect::<Vec<_>>()
            };
            let (buckets, count, sum) = (of("_bucket"), of("_count"), of("_sum"));
            assert_eq!((count.len(), sum.len()), (1, 1));
            assert!(
                buckets.is_sorted_by(|one, two| one.2 <= two.2),
                "{buckets:?}"
            );
            let bound = |bucket: &(String, Labels, f64)| {
                bucket.1["le"]
                    .replace("+Inf", "inf")
                    .parse::<f64>()
                    .unwrap()
            };
            assert!(
                buckets.is_sorted_by(|one, two| bound(one) < bound(two)),
                "{buckets:?}"
            );
            let last = buckets.last().unwrap();
            assert_eq!((&*last.1["le"], last.2), ("+Inf", count[0].2));
        }
    }
}
