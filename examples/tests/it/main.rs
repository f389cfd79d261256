//! The demo as its users run it, the application that was ported, and what is said of both.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod demo;
#[cfg(test)]
#[cfg(unix)]
mod porting;
#[cfg(test)]
mod porting_diff;
