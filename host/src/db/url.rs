//! What a database URL says that the drivers do not tell.

/// The parameters of `url`, as they are written.
pub(super) fn parameters(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('='))
}

/// How many prepared statements a backend is to keep.
pub(super) fn statement_cache(url: &str) -> Option<usize> {
    let capacity = parameters(url).filter(|(key, _)| *key == "statement-cache-capacity");
    capacity.last().and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart() {
        let url = "postgres://h/d?sslmode=require&statement-cache-capacity=7";
        assert_eq!(statement_cache(url), Some(7));
        assert_eq!(parameters(url).count(), 2);
        assert_eq!(statement_cache("postgres://h/d"), None);
    }
}
