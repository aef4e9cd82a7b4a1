//! The objects whose names begin alike, page by page in the order of their names.

use super::stores::{explained, stat_of};
use super::{ObjectAddress, ObjectError, ObjectInfo, Objects};
use futures_util::StreamExt as _;
use object_store::ObjectMeta;
use tokio::sync::mpsc::{Receiver, channel};

/// How many objects are listed ahead; a page of S3 has as many.
const AHEAD: usize = 1_000;

/// What [`Objects::list`] gives.
pub struct Listing<'a> {
    objects: &'a Objects,
    address: ObjectAddress,
    found: Receiver<object_store::Result<ObjectMeta>>,
}

impl Objects {
    /// The objects in the folder that `address` names, and in folders below it. Memory is that of a page.
    ///
    /// # Errors
    /// When the bucket is not allowed or cannot be opened; what the store refuses is an item.
    pub fn list(&self, address: &ObjectAddress) -> Result<Listing<'_>, ObjectError> {
        let (store, front) = self.open(address)?;
        let (sender, found) = channel(AHEAD);
        let front = (!address.key.is_empty()).then_some(front);
        self.runtime()?.spawn(async move {
            let mut listed = store.list(front.as_ref());
            while let Some(object) = listed.next().await {
                if sender.send(object).await.is_err() {
                    return;
                }
            }
        });
        Ok(Listing { objects: self, address: address.clone(), found })
    }
}

impl Listing<'_> {
    /// Has what was said of an object known when it is asked for, which is to be soon.
    pub fn remember(&self, object: &ObjectInfo) {
        self.objects.remember(self.address_of(object).to_string(), object.stat);
    }

    /// The address of one that was listed.
    pub fn address_of(&self, object: &ObjectInfo) -> ObjectAddress {
        ObjectAddress { bucket: self.address.bucket.clone(), key: object.key.clone() }
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<ObjectInfo, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.found.blocking_recv()?;
        Some(
            found
                .map_err(explained)
                .map(|found| ObjectInfo { key: found.location.as_ref().to_owned(), stat: stat_of(&found) }),
        )
    }
}
