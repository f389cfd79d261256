//! The export of spans, where the program was built without it.

use std::convert::Infallible;

use tracing_subscriber::layer::Identity;

use super::SpansError;
use super::endpoint::Endpoint;

pub(super) struct Export(Infallible);

impl Export {
    pub(super) fn start(to: Endpoint) -> Result<Self, SpansError> {
        Err(SpansError::NotBuilt(to.variable))
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        match self.0 {}
    }

    pub(super) fn layer(&self) -> Identity {
        match self.0 {}
    }

    pub(super) fn stop(self) {
        match self.0 {}
    }
}
