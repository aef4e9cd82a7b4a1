//! Which buckets a command may read with the operator's credentials.

use lookalike_engine::fetch::object::{Bucket, ObjectAddress, Objects};
use std::sync::Arc;

/// Buckets beside those that a command's source and image base are in.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Buckets {
    /// Read photos in this bucket with your credentials, where the catalog names them (s3://, gs:// or az://); may be
    /// given more than once. Those of a SOURCE and an --image-base need not be named.
    #[arg(long = "allow-bucket", value_name = "s3://BUCKET", value_parser = bucket)]
    allowed: Vec<Bucket>,
}

impl Buckets {
    /// A reader of these buckets and those in `named`.
    pub(super) fn objects(&self, named: Vec<Bucket>) -> anyhow::Result<Arc<Objects>> {
        let allowed = self.allowed.iter().cloned().chain(named).collect();
        Ok(Arc::new(Objects::new(allowed)?))
    }
}

fn bucket(text: &str) -> Result<Bucket, String> {
    match ObjectAddress::parse(text) {
        Some(Ok(ObjectAddress { bucket, key })) if key.is_empty() => Ok(bucket),
        Some(Ok(_)) => Err("must name a whole bucket, without what is in it".to_owned()),
        Some(Err(_)) | None => Err("must be a bucket, such as s3://shop-photos".to_owned()),
    }
}
