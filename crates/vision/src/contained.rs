//! Work that may panic without ending more than itself.
//!
//! Decoders are other people's code on other people's files; a panic there costs one picture. [`contained`] turns it
//! into a value, and [`is_contained`] lets a program's panic hook tell such a panic, which becomes an error with the
//! picture's name, from one that nobody expects. It installs no hook itself: that is the program's choice.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many calls of [`contained`] this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Leaves the guarded work again, by return or by panic.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Does `work`, after which nothing that it may have left half changed must be used.
///
/// # Errors
/// What it panicked with.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    // The hook runs before the unwinding that drops this.
    catch_unwind(AssertUnwindSafe(|| {
        let _inside = Inside::enter();
        work()
    }))
}

/// Whether a panic on this thread, now, would end no more than the work that [`contained`] was given.
pub fn is_contained() -> bool {
    DEPTH.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_value_and_is_known_to_be_contained_only_meanwhile() {
        assert!(!is_contained());
        assert!(matches!(contained(is_contained), Ok(true)));
        let nested: Result<(), _> = contained(|| {
            let inner: Result<(), _> = contained(|| panic!("inner"));
            assert!(inner.is_err() && is_contained());
            panic!("outer")
        });
        let said = *nested.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!((said, is_contained()), ("outer", false));
    }
}
