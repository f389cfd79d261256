//! The behavioural suite, over real databases and real processes.

#![cfg(unix)]

#[cfg(test)]
mod harness;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod smoke;
