//! What a hostile file may cost in memory, counted by this test's own allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use lookalike_vision::decode::{Limits, decode, probe};

/// The system's allocator, keeping the largest number of bytes that were ever in use at once.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    PEAK.fetch_max(IN_USE.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
}

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes in use at the worst moment of `work`, beyond those in use before.
fn peak(work: impl FnOnce()) -> usize {
    let before = IN_USE.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    work();
    PEAK.load(Ordering::SeqCst) - before
}

// One test, because the count is of the whole process.
#[test]
fn hostile_files_cost_no_more_than_they_are_worth() {
    let fixture = |name: &str| {
        std::fs::read(format!("{}/../../fixtures/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let limits = Limits::default();
    let huge = [
        "broken_png_60000.png",
        "broken_jpeg_60000.jpg",
        "broken_bmp_60000.bmp",
        "broken_gif_65535.gif",
        "broken_webp_inner_size.webp",
    ];
    for name in huge {
        let bytes = fixture(name);
        let cost = peak(|| assert!(decode(&bytes, &limits).is_err() && probe(&bytes, &limits).is_err()));
        assert!(cost < 256 << 10, "{name} cost {cost} bytes");
    }

    let bombs = fixture("png_bombs.png");
    let cost = peak(|| assert_eq!(decode(&bombs, &limits).unwrap().rgb(), [10, 20, 30]));
    assert!(cost < 1 << 20, "text and profile chunks cost {cost} bytes");

    // An honest picture costs its pixels and little else.
    let large = fixture("jpeg_large.jpg");
    let cost = peak(|| assert_eq!(decode(&large, &limits).unwrap().width(), 203));
    assert!(cost < 203 * 157 * 3 + (1 << 20), "a picture of {} bytes cost {cost}", 203 * 157 * 3);
}
