//! The behavioural suite, over real databases and real processes.

#![cfg(unix)]

#[cfg(test)]
mod clean;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod process;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod smoke;
