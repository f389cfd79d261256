//! Which plugin comes after which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::definition::Plugin;
use crate::error::HostError;

/// Which plugin comes after which, now. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order(Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>);

impl Order {
    /// Notes what a plugin comes after.
    pub(super) fn set(&self, plugin: &Plugin) {
        let after = plugin.after.clone();
        self.0.lock().insert(plugin.name.clone(), after);
    }

    pub(super) fn forget(&self, name: &str) {
        self.0.lock().remove(name);
    }

    /// The names of those that come after the plugin of this name.
    pub(super) fn dependents(&self, name: &str) -> Vec<String> {
        let known = self.0.lock();
        let waits = known.iter().filter(|(_, after)| after.contains(name));
        waits.map(|(other, _)| other.clone()).collect()
    }
}

/// Refuses plugins that come after unknown ones, and plugins that all wait for each other.
pub(crate) fn check_order(plugins: &[Plugin]) -> Result<(), HostError> {
    let known: BTreeMap<&str, &Plugin> = plugins
        .iter()
        .map(|plugin| (plugin.name.as_str(), plugin))
        .collect();
    for plugin in plugins {
        if let Some(after) = plugin
            .after
            .iter()
            .find(|name| !known.contains_key(name.as_str()))
        {
            return Err(HostError::PluginUnknown {
                plugin: plugin.name.clone(),
                after: after.clone(),
            });
        }
    }
    let mut waiting = known;
    loop {
        let free: Vec<_> = waiting
            .iter()
            .filter(|(_, plugin)| {
                !plugin
                    .after
                    .iter()
                    .any(|name| waiting.contains_key(name.as_str()))
            })
            .map(|(name, _)| *name)
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            waiting.remove(name);
        }
    }
    match cycle(&waiting) {
        Some(cycle) => Err(HostError::PluginCycle(cycle)),
        None => Ok(()),
    }
}

/// One way round: `a after b after a`. Each of `waiting` waits for another of them.
fn cycle(waiting: &BTreeMap<&str, &Plugin>) -> Option<String> {
    let mut name = *waiting.keys().next()?;
    let (mut path, mut seen) = (Vec::new(), BTreeSet::new());
    while seen.insert(name) {
        path.push(name);
        let after = &waiting.get(name)?.after;
        name = after
            .iter()
            .find_map(|next| waiting.get_key_value(next.as_str()))?
            .0;
    }
    // What leads up to the cycle is no part of it.
    let begin = path.iter().position(|known| *known == name)?;
    path.push(name);
    Some(path.split_off(begin).join(" after "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(name: &str, after: &[&str]) -> Plugin {
        after
            .iter()
            .fold(Plugin::new(name, "program"), |plugin, other| {
                plugin.after(*other)
            })
    }

    #[test]
    fn any_order_without_a_cycle_will_do() {
        let plugins = [
            plugin("web", &["schema", "cache"]),
            plugin("cache", &["schema"]),
            plugin("schema", &[]),
        ];
        assert!(check_order(&plugins).is_ok());
        let order = Order::default();
        plugins.iter().for_each(|plugin| order.set(plugin));
        assert_eq!(order.dependents("schema"), ["cache", "web"]);
        assert!(order.dependents("web").is_empty());
        order.forget("web");
        assert_eq!(order.dependents("schema"), ["cache"]);
    }

    #[test]
    fn a_cycle_is_spelled_out_without_what_leads_to_it() {
        let plugins = [
            plugin("a", &["b"]),
            plugin("b", &["c"]),
            plugin("c", &["d", "b"]),
            plugin("d", &[]),
        ];
        let error = check_order(&plugins).unwrap_err().to_string();
        assert!(error.contains("b after c after b"), "{error}");
        let error = check_order(&[plugin("a", &["a"])]).unwrap_err().to_string();
        assert!(error.contains("a after a"), "{error}");
    }

    #[test]
    fn an_unknown_plugin_is_named() {
        let error = check_order(&[plugin("web", &["shema"])])
            .unwrap_err()
            .to_string();
        assert!(error.contains("web") && error.contains("shema"), "{error}");
    }
}
