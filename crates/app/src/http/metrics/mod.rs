//! What the server counts, for Prometheus: `GET /metrics`.
//!
//! `registry` is all there is to count, `observe` counts requests and gives them their ids, `encoder` counts what encoders
//! do, `process` reads what the system knows of the process, `route` answers. Nothing here decides anything: who sheds load looks
//! at its own semaphores. Labels come from small sets of our own (route templates, statuses, the catalog's encoders), never
//! from what callers send.

mod encoder;
pub(super) mod observe;
mod process;
mod registry;
pub(super) mod route;

pub use encoder::Metered;
pub use registry::Metrics;
