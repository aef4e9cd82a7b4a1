//! Which IP addresses are on the public internet.
//!
//! The tables follow the IANA special-purpose registries (RFC 6890 and its updates): what is not globally reachable
//! unicast is either private, which an operator may open, or never a place where a photo lives. Addresses that
//! carry an IPv4 address inside (mapped, NAT64) are judged by the one inside, since that is who answers. This
//! module knows nothing of URLs and names; see `guard` and `resolver`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who can be reached at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Global unicast.
    Public,
    /// Somebody's own network or machine: contacted only where the operator allows private addresses.
    Private(&'static str),
    /// Never contacted: no photo is served there, or it hands out a cloud machine's credentials.
    Never(&'static str),
}

use Reach::{Never, Private, Public};

/// The narrower block comes first; the first that holds an address decides.
const V4_BLOCKS: &[(Ipv4Addr, u32, Reach)] = &[
    (Ipv4Addr::new(168, 63, 129, 16), 32, Never("cloud metadata")),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Never("cloud metadata")),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Never("unspecified")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private("private")),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Private("carrier-grade NAT")),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Private("loopback")),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Never("link-local")),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Never("reserved for protocols")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Never("documentation")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Never("6to4 relay")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private("private")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Private("benchmarking")),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Never("documentation")),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Never("documentation")),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Never("multicast")),
    (Ipv4Addr::new(255, 255, 255, 255), 32, Never("broadcast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Never("reserved")),
];

const V6_BLOCKS: &[(Ipv6Addr, u32, Reach)] = &[
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Never("cloud metadata")),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Never("cloud metadata")),
    (Ipv6Addr::UNSPECIFIED, 128, Never("unspecified")),
    (Ipv6Addr::LOCALHOST, 128, Private("loopback")),
    (Ipv6Addr::UNSPECIFIED, 96, Never("IPv4-compatible")),
    // The gateway decides where in the address the IPv4 one is, so it cannot be checked.
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Never("local NAT64")),
    // Holds Teredo (2001::/32), which tunnels to an IPv4 address of the caller's choice.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Never("reserved for protocols, Teredo among them")),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Never("documentation")),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Never("6to4")),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Never("documentation")),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Private("unique local")),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Never("link-local")),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Private("site-local")),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Never("multicast")),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Public),
];

/// The well-known NAT64 prefix of RFC 6052; the last 32 bits are the IPv4 address behind it.
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// Judges one address.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let in_block = |network: Ipv4Addr, prefix: u32| {
        let ignored = 32 - prefix;
        u64::from(address.to_bits()) >> ignored == u64::from(network.to_bits()) >> ignored
    };
    V4_BLOCKS.iter().find(|(network, prefix, _)| in_block(*network, *prefix)).map_or(Public, |block| block.2)
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(v4) = address.to_ipv4_mapped() {
        return reach_v4(v4);
    }
    if same_prefix(address, NAT64, 96) {
        // The last 32 bits; the cast keeps exactly those.
        return reach_v4(Ipv4Addr::from_bits(address.to_bits() as u32));
    }
    let block = V6_BLOCKS.iter().find(|(network, prefix, _)| same_prefix(address, *network, *prefix));
    // Only 2000::/3 has been given out as global unicast.
    block.map_or(Never("reserved"), |block| block.2)
}

/// Whether the first `prefix` bits (1 to 128) are the same.
fn same_prefix(a: Ipv6Addr, b: Ipv6Addr, prefix: u32) -> bool {
    let ignored = 128 - prefix;
    a.to_bits() >> ignored == b.to_bits() >> ignored
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "2001:200::1",
            "2003::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        for text in public {
            assert_eq!(of(text), Public, "{text}");
        }
    }

    #[test]
    fn an_operators_own_networks_are_private() {
        let private = [
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.0",
            "127.0.0.1",
            "127.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "::1",
            "fc00::",
            "fdff:ffff::1",
            "fec0::1",
            "feff::1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::ffff:10.1.2.3",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
        ];
        for text in private {
            assert!(matches!(of(text), Private(_)), "{text} is {:?}", of(text));
        }
    }

    #[test]
    fn places_without_photos_are_never_contacted() {
        let never = [
            "0.0.0.0",
            "0.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.254",
            "255.255.255.255",
            "168.63.129.16",
            "100.100.100.200",
            "::",
            "::7f00:1",
            "::8.8.8.8",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:1ff::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "64:ff9b:1::1",
            "64:ff9b:1:ffff::7f00:1",
            "100::1",
            "5f00::1",
            "4000::1",
            "::ffff:0:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "64:ff9b::169.254.169.254",
            "fd00:ec2::254",
            "fd20:ce::254",
        ];
        for text in never {
            assert!(matches!(of(text), Never(_)), "{text} is {:?}", of(text));
        }
    }
}
