//! The release of ONNX Runtime that is installed, and the digests it must have.
//!
//! Any wheel of the release would do, since the library in it does not depend on Python's version; these are the ones for
//! CPython 3.11. Lengths and digests are PyPI's own, and were checked against the downloaded files.

use super::super::digest::Digest;

/// The version that is installed.
pub const VERSION: &str = "1.31.1";

/// What the library is called on this system.
pub const LIBRARY: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// A wheel, and the library in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// Its file name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// The library's digest.
    pub library_sha256: Digest,
}

struct Pinned {
    os: &'static str,
    architecture: &'static str,
    /// The end of the file's name.
    tag: &'static str,
    bytes: u64,
    sha256: &'static str,
    library_sha256: &'static str,
}

const PINNED: [Pinned; 4] = [
    Pinned {
        os: "linux",
        architecture: "x86_64",
        tag: "manylinux_2_28_x86_64",
        bytes: 23_753_652,
        sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        library_sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
    },
    Pinned {
        os: "linux",
        architecture: "aarch64",
        tag: "manylinux_2_28_aarch64",
        bytes: 21_413_526,
        sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        library_sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
    },
    Pinned {
        os: "macos",
        architecture: "aarch64",
        tag: "macosx_14_0_arm64",
        bytes: 20_871_676,
        sha256: "60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7",
        library_sha256: "f8b06155feece624e55e49124340eea279da812529ae6fbc46a9f2be9c9cad2e",
    },
    Pinned {
        os: "windows",
        architecture: "x86_64",
        tag: "win_amd64",
        bytes: 14_885_761,
        sha256: "c3d91b5de31e2fc82d71bd65b2b22bddee8b49057a3a36338e9a868e0ea90c05",
        library_sha256: "8482d2ee174e28504f99730fb01d6861575870283de4ed3a897ad39170d9a9b9",
    },
];

impl Wheel {
    /// The wheel for this machine; absent where there is none, musl included.
    pub fn for_this_machine() -> Option<Self> {
        if cfg!(target_env = "musl") {
            return None;
        }
        Self::for_machine(std::env::consts::OS, std::env::consts::ARCH)
    }

    fn for_machine(os: &str, architecture: &str) -> Option<Self> {
        let pinned = PINNED.iter().find(|pinned| pinned.os == os && pinned.architecture == architecture)?;
        Some(Self {
            file: format!("onnxruntime-{VERSION}-cp311-cp311-{}.whl", pinned.tag),
            bytes: pinned.bytes,
            sha256: pinned.sha256.parse().ok()?,
            library_sha256: pinned.library_sha256.parse().ok()?,
        })
    }
}

/// Whether a wheel's member is the library of some system, and that of this one.
pub(super) fn is_library(member: &str) -> bool {
    let Some(name) = member.strip_prefix("onnxruntime/capi/") else { return false };
    match LIBRARY {
        "onnxruntime.dll" => name == LIBRARY,
        "libonnxruntime.dylib" => name.starts_with("libonnxruntime.") && name.ends_with(".dylib"),
        _ => name.starts_with("libonnxruntime.so"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_wheel_can_be_read_from_the_table() {
        for pinned in &PINNED {
            let wheel = Wheel::for_machine(pinned.os, pinned.architecture).unwrap();
            assert!(wheel.file.starts_with("onnxruntime-1.31.1-"), "{}", wheel.file);
        }
        assert_eq!(Wheel::for_machine("linux", "riscv64"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_the_library_itself_is_taken() {
        assert!(is_library("onnxruntime/capi/libonnxruntime.so.1.31.1"));
        assert!(!is_library("onnxruntime/capi/libonnxruntime_providers_shared.so"));
        assert!(!is_library("libonnxruntime.so"));
    }
}
