//! The behavioural suite, over real databases and real processes.

#![cfg(unix)]

#[cfg(test)]
mod harness;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod smoke;
