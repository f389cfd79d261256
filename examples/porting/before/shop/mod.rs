//! The shop: one repository for each kind of thing that it keeps.

mod customers;
mod database;
mod error;
mod model;
mod orders;
mod products;
mod reports;

pub use customers::Customers;
pub use database::{connect, migrate};
pub use model::{Details, Line, NewProduct, OrderState};
pub use orders::Orders;
pub use products::Products;
pub use reports::Reports;
