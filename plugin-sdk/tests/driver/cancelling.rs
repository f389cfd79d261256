//! cancelling
