//! The keys that there are, as JSON Schema.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::settings::Settings;

/// The JSON Schema of the configuration file.
pub(crate) fn schema() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value();
    without_null(&mut schema);
    schema
}

/// TOML has no null: what is not set is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            // The defaults of a table are those of its keys.
            let says_nothing = |default: &Value| default.is_null() || default.is_object();
            if object.get("default").is_some_and(says_nothing) {
                object.remove("default");
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// What may be at a key: the schema of one value or table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a>(&'a Value);

impl<'a> Place<'a> {
    pub(super) fn root(schema: &'a Value) -> Self {
        Self(schema)
    }

    /// The place of a key in this table; `None` if it may not have the key.
    pub(super) fn child(self, key: &str) -> Option<Self> {
        let named = self
            .0
            .get("properties")
            .and_then(|properties| properties.get(key));
        named.or_else(|| self.any_name()).map(Self)
    }

    /// The keys that this table may have, if they are given names.
    pub(super) fn keys(self) -> impl Iterator<Item = &'a str> {
        let properties = self.0.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flat_map(|properties| properties.keys().map(String::as_str))
    }

    /// Whether its keys are names that the user chooses.
    pub(super) fn has_free_names(self) -> bool {
        self.any_name().is_some()
    }

    pub(super) fn is_table(self) -> bool {
        self.0.get("properties").is_some() || self.has_free_names()
    }

    /// Whether a text may stand here.
    pub(super) fn takes_text(self) -> bool {
        match self.0.get("type") {
            Some(Value::String(kind)) => kind == "string",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
            // A choice between texts.
            _ => self.0.get("enum").is_some() || self.0.get("oneOf").is_some(),
        }
    }

    fn any_name(self) -> Option<&'a Value> {
        self.0
            .get("additionalProperties")
            .filter(|any| any.is_object())
    }

    /// Every key below this one, with `*` for chosen names.
    pub(super) fn paths(self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        self.add_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn add_paths(self, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
        if !self.is_table() {
            paths.push(path.clone());
            return;
        }
        for key in self.keys() {
            path.push(key.to_owned());
            if let Some(child) = self.child(key) {
                child.add_paths(path, paths);
            }
            path.pop();
        }
        if let Some(any) = self.any_name() {
            path.push("*".to_owned());
            Self(any).add_paths(path, paths);
            path.pop();
        }
    }
}
