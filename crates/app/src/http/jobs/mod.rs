//! `/v1/imports` and `/v1/jobs`: whole sources brought into the catalog while it is served.
//!
//! An import is what `lookalike index` does, done by the server: a job that is taken up at once or waits for those before
//! it, tells how far it is, can be cancelled, and names what failed. Jobs are files in the catalog's folder (`folder`), so
//! that they outlive the process: one that was waiting or going on when it ended is taken up again by the next, which
//! costs little, since what was stored is found unchanged; one during which the process died time and again is not, and
//! says so. Single products are `products`' business.

mod cancel;
mod events;
mod failures;
mod folder;
mod get;
mod import;
mod list;
mod queue;
mod record;
mod request;
mod run;
mod upload;

pub(super) use cancel::{__path_cancel, cancel};
pub(super) use events::{__path_events, events};
pub(super) use failures::{__path_failures, failures};
pub(super) use get::{__path_get, get};
pub(super) use import::{__path_import, import};
pub(super) use list::{__path_list, list};
pub(super) use queue::Jobs;
pub(super) use record::JobState;
pub(super) use run::start;
