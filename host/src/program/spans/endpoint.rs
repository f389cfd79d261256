//! Where spans go.

use std::fmt;

use url::Url;

use super::SpansError;

/// The variables that say where, the first of them that is set, and what comes behind what they say.
const VARIABLES: [(&str, &str); 2] = [
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces"),
];

/// The variables that turn the export off, and what they say then.
const SWITCHES: [(&str, &str); 2] = [
    ("OTEL_SDK_DISABLED", "true"),
    ("OTEL_TRACES_EXPORTER", "none"),
];

/// What accepts spans: where, and which variable says so.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) variable: &'static str,
    pub(super) url: Url,
}

impl Endpoint {
    /// What the variables say. One that is empty says nothing.
    pub(super) fn find(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, SpansError> {
        let says = |(name, what): &(&str, &str)| {
            variable(name).is_some_and(|value| value.eq_ignore_ascii_case(what))
        };
        if SWITCHES.iter().any(says) {
            return Ok(None);
        }
        let found = VARIABLES.iter().find_map(|(name, path)| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some((*name, *path, value))
        });
        let Some((variable, path, value)) = found else {
            return Ok(None);
        };
        let base = if path.is_empty() {
            &value
        } else {
            value.trim_end_matches('/')
        };
        let url = Url::parse(&format!("{base}{path}")).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or(SpansError::NoUrl(variable))?;
        Ok(Some(Self { variable, url }))
    }
}

/// Without what may be a secret.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        // These fail for a URL that cannot have any.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)]) -> Result<Option<Endpoint>, SpansError> {
        Endpoint::find(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/");
    const TRACES: (&str, &str) = (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "https://me:hidden@b/in?key=hidden",
    );

    #[test]
    fn the_variables_say_where() {
        let of_base = find(&[BASE]).unwrap().unwrap();
        assert_eq!(of_base.url.as_str(), "http://a:4318/v1/traces");
        let of_both = find(&[BASE, TRACES]).unwrap().unwrap();
        assert_eq!(of_both.url.as_str(), TRACES.1);
        assert_eq!(of_both.to_string(), "https://b/in");
    }

    #[test]
    fn nothing_and_nonsense_lead_nowhere() {
        let none = [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
            &[BASE, ("OTEL_SDK_DISABLED", "TRUE")],
            &[BASE, ("OTEL_TRACES_EXPORTER", "none")],
        ];
        for variables in none {
            assert!(find(variables).unwrap().is_none(), "{variables:?}");
        }
        for url in ["collector:4318", "collector", "unix:///run/hidden"] {
            let error = find(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).unwrap_err();
            assert!(!error.to_string().contains(url), "{error}");
        }
    }
}
