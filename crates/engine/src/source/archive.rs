//! An archive of photos as a catalog: what `folder` makes of a folder, made of the members of an archive.
//!
//! Members come in the archive's order, those of one first-level folder together, so that a compressed tar is read
//! from front to end. Where everything lies in one folder, as `tar czf shop.tar.gz shop` packs it, that folder is left out
//! of ids: they are what they would be had the folder itself been indexed.

use super::RowFailure;
use super::shown::{one_line, path_line};
use super::walk::{Found, Ignored, judge_name};
use crate::archive::{Archive, Member};
use crate::catalog::Location;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Everything in `archive`, as a walk through a folder would find it.
pub(super) fn walk<'a>(archive: &'a Archive, path: &'a Path) -> impl Iterator<Item = Found> + Send + 'a {
    let members = archive.members();
    let prefix = common_folder(members);
    let below = move |name: &'a str| name.get(prefix..).unwrap_or(name);
    let mut folders: HashMap<&str, usize> = HashMap::new();
    let mut order: Vec<(usize, &Member)> = Vec::with_capacity(members.len());
    for (number, member) in members.iter().enumerate() {
        let folder = first_folder(below(&member.name));
        let first = folder.map_or(number, |folder| *folders.entry(folder).or_insert(number));
        order.push((first, member));
    }
    order.sort_by_key(|(first, _)| *first);
    let mut current = None;
    let found = order.into_iter().flat_map(move |(_, member)| {
        let name = below(&member.name);
        let folder = first_folder(name);
        let entered =
            folder.filter(|folder| current != Some(*folder)).map(|folder| Found::Folder(folder.into()));
        current = folder;
        let found = match judge(name) {
            Some(reason) => Found::Ignored(reason),
            None => Found::Picture {
                location: Location::Member { archive: path.to_owned(), name: member.name.to_string() },
                relative: PathBuf::from(name),
            },
        };
        entered.into_iter().chain([found])
    });
    let fault = |relative: PathBuf, place: &str, reason: String| Found::Fault {
        relative,
        failure: RowFailure { place: format!("{}{place}", path_line(path)), reason: one_line(&reason) },
    };
    let refused = archive.refused().iter().map(move |refused| {
        let place = format!("/{}", one_line(&refused.name));
        fault(PathBuf::from(&refused.name), &place, refused.reason.to_owned())
    });
    let damage = archive.damage().map(move |damage| {
        fault(
            PathBuf::new(),
            "",
            format!("is not whole, and what follows its member {} is lost: {damage}", members.len()),
        )
    });
    found.chain(refused).chain(damage)
}

/// What a person should know of the archive, a sentence each.
pub(super) fn notices(archive: &Archive) -> Vec<String> {
    let shadowed = archive.shadowed();
    let told = format!("of members with the same name the last is taken: {shadowed} are left out");
    (shadowed > 0).then_some(told).into_iter().collect()
}

/// Why a member is no picture by its name, or by a folder's it is in.
fn judge(name: &str) -> Option<Ignored> {
    if name.split('/').any(|part| part.starts_with('.')) {
        return Some(Ignored::Hidden);
    }
    judge_name(name.rsplit('/').next().unwrap_or(name).as_ref())
}

fn first_folder(name: &str) -> Option<&str> {
    name.split_once('/').map(|(folder, _)| folder)
}

/// Length of the front, with its slash, that all members share if they lie in one folder.
fn common_folder(members: &[Member]) -> usize {
    let folder = |member: &Member| first_folder(&member.name).map(str::to_owned);
    let Some(Some(first)) = members.first().map(folder) else { return 0 };
    let is_shared = members.iter().all(|member| first_folder(&member.name) == Some(first.as_str()));
    if is_shared { first.len() + 1 } else { 0 }
}
