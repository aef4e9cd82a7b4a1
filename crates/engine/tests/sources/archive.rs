//! Given photos in an archive, when it is read as a catalog, then they are what an unpacked folder would be, nothing is
//! unpacked, and what an archive may not hold is refused by name.

use crate::kit::{Read, fixture, refusal, try_read};
use lookalike_engine::archive::Archive;
use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::fetch::photo::{PhotoReader, ReadError};
use lookalike_engine::source::{ProductIdRule, SourceOptions};
use lookalike_vision::decode::Limits;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const KINDS: [&str; 3] = ["shop.tar", "shop.tar.gz", "shop.zip"];

fn archive(name: &str) -> PathBuf {
    fixture("archives").join(name)
}

fn read(name: &str) -> Read {
    try_read(&archive(name), &SourceOptions::default()).unwrap()
}

fn picture(name: &str) -> Vec<u8> {
    fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/hashes")).join(name)).unwrap()
}

fn bytes(location: &Location) -> Result<Vec<u8>, ReadError> {
    LocalReader.read(location, &Limits::default()).map(|photo| photo.bytes.to_vec())
}

#[test]
fn members_are_products_as_files_of_the_unpacked_folder_would_be() {
    let long = format!("{}name", "long-".repeat(30));
    for kind in KINDS {
        let read = read(kind);
        let mut ids = read.ids();
        ids.sort_unstable();
        assert_eq!(ids, ["back", "bag", "front", &long], "{kind}");
        assert_eq!(
            read.images("front"),
            ["mug/front.png"],
            "the one folder that everything lies in is left out"
        );
        assert_eq!(read.images("bag"), ["bag.png"]);
        assert!(read.notices.contains(".txt 1") && read.notices.contains("1 hidden"), "{}", read.notices);
        assert_eq!((read.failures.len(), read.expected), (0, Some(4)));
        assert!(
            read.described.starts_with(&format!("{} archive", kind.trim_start_matches("shop."))),
            "{}",
            read.described
        );

        let Location::Member { archive: at, name } = &read.product("front").images[0].location else {
            panic!("a member")
        };
        assert_eq!((at, name.as_str()), (&fs::canonicalize(archive(kind)).unwrap(), "shop/mug/front.png"));
        assert_eq!(
            bytes(&read.product("front").images[0].location).unwrap(),
            picture("ramp_120x256.png"),
            "the later of two"
        );
        assert_eq!(bytes(&read.product("bag").images[0].location).unwrap(), picture("disc_180x180.png"));
        assert_eq!(bytes(&read.product("back").images[0].location).unwrap(), picture("waves_31x200.png"));
    }
    let twice = "of members with the same name the last is taken: 1 are left out";
    assert!(read("shop.tar").notices.contains(twice) && read("shop.tar.gz").notices.contains(twice));
}

#[test]
fn a_folder_in_an_archive_is_a_product_on_request() {
    for kind in KINDS {
        let options = SourceOptions { product_per_folder: true, ..SourceOptions::default() };
        let read = try_read(&archive(kind), &options).unwrap();
        let mut ids = read.ids();
        ids.sort_unstable();
        assert_eq!(ids, ["bag", "größe", "mug"], "{kind}");
        let mut images = read.images("mug");
        images.sort_unstable();
        assert_eq!(images, ["mug/back.png", "mug/front.png"]);
        let by_path = SourceOptions { product_id: ProductIdRule::Path, ..SourceOptions::default() };
        assert!(try_read(&archive(kind), &by_path).unwrap().ids().contains(&"mug/back"));
    }
}

#[test]
fn links_and_names_that_lead_out_are_refused_and_cost_themselves() {
    for (name, refused) in [("hostile.tar", 5), ("hostile.zip", 4)] {
        let read = read(name);
        assert!(read.ids().contains(&"good"), "{name}: {:?}", read.ids());
        assert_eq!(read.failures.len(), refused, "{:?}", read.failures);
        let reason = |place: &str| {
            let failure = read.failures.iter().find(|failure| failure.place.ends_with(place)).unwrap();
            failure.reason.clone()
        };
        assert!(reason("climbs.png").contains("climbs out"));
        assert!(reason("absolute.png").contains("absolute path"));
        assert!(reason("link.png").contains("links in archives are refused"));
    }
    let tar = read("hostile.tar");
    let told = |place: &str| tar.failures.iter().any(|failure| failure.place.ends_with(place));
    assert!(told("/hard.png") && told("/pipe.png"));
    assert!(read("hostile.zip").failures.iter().any(|failure| failure.place.ends_with("drive.png")));
}

#[test]
fn a_member_that_unpacks_to_more_than_a_photo_is_not_unpacked() {
    let read = read("hostile.zip");
    let bomb = &read.product("bomb").images[0].location;
    assert!(matches!(bytes(bomb), Err(ReadError::TooLarge { bytes: 83_886_080, .. })));
    // One that lies about it is found out, having unpacked no more than it said.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.zip");
    let mut zip = fs::read(archive("hostile.zip")).unwrap();
    let said = 83_886_080_u32.to_le_bytes();
    while let Some(at) = zip.windows(4).position(|bytes| bytes == said) {
        zip[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    fs::write(&path, zip).unwrap();
    let read = try_read(&path, &SourceOptions::default()).unwrap();
    let error = bytes(&read.product("bomb").images[0].location).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn an_archive_that_is_cut_off_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["shop.tar", "shop.tar.gz"] {
        let whole = fs::read(archive(kind)).unwrap();
        let path = folder.path().join(kind);
        fs::write(&path, &whole[..whole.len() * 6 / 10 - 100]).unwrap();
        let read = try_read(&path, &SourceOptions::default()).unwrap();
        assert!(!read.ids().is_empty() && read.ids().len() < 4, "{kind}: {:?}", read.ids());
        assert!(
            read.failures.iter().any(|failure| failure.reason.contains("is not whole")),
            "{:?}",
            read.failures
        );
        assert!(read.ended_early);
        for product in &read.products {
            assert!(bytes(&product.images[0].location).is_ok(), "{kind}: {}", product.id);
        }
    }
    // Cut between two members, a tar looks whole but for the mark of its end.
    let whole = fs::read(archive("shop.tar")).unwrap();
    let end = whole.iter().rposition(|&byte| byte != 0).unwrap().next_multiple_of(512);
    let (marked, cut) = (folder.path().join("marked.tar"), folder.path().join("between.tar"));
    fs::write(&marked, &whole[..end + 512]).unwrap();
    fs::write(&cut, &whole[..end]).unwrap();
    let [marked, cut] = [marked, cut].map(|path| try_read(&path, &SourceOptions::default()).unwrap());
    assert_eq!(
        (marked.ended_early, marked.failures.len()),
        (false, try_read(&archive("shop.tar"), &SourceOptions::default()).unwrap().failures.len())
    );
    assert!(cut.ended_early && cut.ids() == marked.ids());
    assert!(
        cut.failures.iter().any(|failure| failure.reason.contains("mark of its end")),
        "{:?}",
        cut.failures
    );
    let path = folder.path().join("shop.zip");
    let whole = fs::read(archive("shop.zip")).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let refused = refusal(&path, &SourceOptions::default());
    assert!(refused.contains("shop.zip") && refused.contains("directory cannot be read"), "{refused}");
}

#[test]
fn a_photo_is_unchanged_until_its_archive_is_written_again_and_missing_when_it_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.zip");
    fs::copy(archive("shop.zip"), &path).unwrap();
    let read = try_read(&path, &SourceOptions::default()).unwrap();
    let bag = read.product("bag").images[0].location.clone();
    let stat = LocalReader.stat(&bag).unwrap().unwrap();
    assert_eq!(stat.bytes, picture("disc_180x180.png").len() as u64);
    assert_eq!(LocalReader.stat(&bag).unwrap().unwrap(), stat);
    fs::File::options().append(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_ne!(LocalReader.stat(&bag).unwrap().unwrap().modified_ns, stat.modified_ns);
    fs::copy(archive("hostile.zip"), &path).unwrap();
    assert!(matches!(bytes(&bag), Err(ReadError::Missing)), "another archive of that name");
    fs::remove_file(&path).unwrap();
    assert!(matches!(LocalReader.stat(&bag), Err(ReadError::Missing)));
}

/// A tar.gz of many members of which each is told by its content.
fn large_tar_gz(path: &Path, members: usize, bytes: usize) {
    let file = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(file);
    for number in 0..members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder
            .append_data(&mut header, format!("shop/p{number:05}.jpg"), noise(number, bytes).as_slice())
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap().flush().unwrap();
}

fn noise(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = (seed as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn a_compressed_tar_is_read_in_any_order_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar.gz");
    large_tar_gz(&path, 600, 20_000);
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.members().len(), 600);
    std::thread::scope(|scope| {
        for first in 0..4_usize {
            let archive = &archive;
            scope.spawn(move || {
                // Once as the ingest does, nearly in order, and once jumping about.
                for step in [4, 233] {
                    for turn in 0..150 {
                        let number = (first + turn * step) % 600;
                        let member = archive.find(&format!("shop/p{number:05}.jpg")).unwrap();
                        assert!(archive.read(member).unwrap() == noise(number, 20_000), "{number}");
                    }
                }
            });
        }
    });
}

#[test]
fn a_member_with_a_name_without_an_end_does_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_data(&mut header.clone(), "a.png", &b"x"[..]).unwrap();
    builder.append_data(&mut header, "n".repeat(100_000), &b"x"[..]).unwrap();
    builder.finish().unwrap();
    let read = try_read(&path, &SourceOptions::default()).unwrap();
    assert_eq!(read.ids(), ["a"]);
    assert!(read.failures[0].reason.contains("longer than any file's"), "{:?}", read.failures);
}

#[test]
fn what_is_no_archive_that_is_read_is_named_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        refusal(&path, &SourceOptions::default())
    };
    assert!(refused("a.tar.bz2", b"BZh91AY&SY").contains("bzip2"));
    assert!(refused("a.7z", b"7z\xBC\xAF\x27\x1C\0\x04").contains("7z"));
    assert!(refused("a.rar", b"Rar!\x1a\x07\x01\0").contains("RAR"));
    assert!(refused("a.pdf", b"%PDF-1.7\n").contains("PDF"));
    assert!(
        refused(
            "book.xlsx",
            b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml"
        )
        .contains("Excel")
    );
    assert!(
        refused("empty.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
            .contains("no picture in this archive")
    );
    assert!(refused("a.gz", &[0x1f, 0x8b, 8, 0, 0]).contains("cut off"));
}
