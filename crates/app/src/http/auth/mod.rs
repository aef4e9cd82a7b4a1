//! Who may do what: API keys, and the gate that every request passes.
//!
//! [`keys`] is the file of keys, of which only digests are kept; [`ring`] is that file as a running server knows it;
//! [`gate`] decides. A server that only this machine reaches asks for no key; one that others reach does, unless it was
//! told what anybody may do. How *often* somebody may ask is `rate`'s business, by [`gate::Caller`].

pub(super) mod gate;
mod host;
pub mod keys;
mod rate;
mod ring;

pub use gate::{Access, Gate};
pub use host::Hosts;
pub use keys::{Keys, KeysError, Role};
pub use rate::Rate;
pub use ring::KeyRing;
