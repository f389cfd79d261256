//! The behavioural suite, over real databases and real processes.

#![cfg(unix)]

#[cfg(test)]
mod flow;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod process;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod smoke;
