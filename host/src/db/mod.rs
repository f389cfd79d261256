//! The databases: the only place that names their drivers.

pub(crate) mod classify;
