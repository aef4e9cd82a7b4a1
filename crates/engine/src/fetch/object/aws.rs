//! Amazon's credentials and regions, as its own tools find them.
//!
//! In this order: `AWS_ACCESS_KEY_ID` and its neighbours, the profile (`AWS_PROFILE`, else `default`) in the files of
//! the AWS command line, then what the machine itself is given (web identity, containers, the instance's metadata).
//! Profiles that take another program or a login to be used (SSO, roles, `credential_process`) are refused with the
//! command that turns them into environment variables.

use super::error::ObjectError;
use super::stores::explained;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, resolve_bucket_region};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where nobody names a region.
const USUAL_REGION: &str = "us-east-1";

/// Tries again for up to a minute; what is refused is refused at once.
pub(super) fn retries() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: 5, retry_timeout: Duration::from_secs(60) }
}

/// The client of a bucket.
pub(super) async fn bucket(name: &str) -> Result<Arc<dyn ObjectStore>, ObjectError> {
    let (builder, region) = builder()?;
    let builder = builder.with_bucket_name(name);
    let is_at_amazon = endpoint(&builder).is_none();
    let region = match region {
        Some(region) => region,
        None if is_at_amazon => {
            resolve_bucket_region(name, &ClientOptions::default()).await.map_err(explained)?
        }
        None => USUAL_REGION.to_owned(),
    };
    let store = builder.with_region(region).build().map_err(explained)?;
    Ok(Arc::new(store))
}

/// Credentials that renew themselves, and the region that is set, if any.
pub(in crate::fetch) fn credentials() -> Result<(AwsCredentialProvider, Option<String>), ObjectError> {
    let (builder, region) = builder()?;
    // The client of a bucket is what finds credentials; no bucket is asked.
    let usual = region.clone().unwrap_or_else(|| USUAL_REGION.to_owned());
    let store = builder.with_bucket_name("none").with_region(usual).build().map_err(explained)?;
    Ok((Arc::clone(store.credentials()), region))
}

fn builder() -> Result<(AmazonS3Builder, Option<String>), ObjectError> {
    let mut builder = AmazonS3Builder::from_env().with_retry(retries());
    // Whoever writes http:// in an endpoint means it.
    let is_plain = endpoint(&builder).is_some_and(|endpoint| endpoint.starts_with("http://"));
    builder = builder.with_allow_http(is_plain);
    let mut region = builder.get_config_value(&AmazonS3ConfigKey::Region);
    region = region.or_else(|| builder.get_config_value(&AmazonS3ConfigKey::DefaultRegion));
    if builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_none() {
        let profile = Profile::read()?;
        region = region.or(profile.region);
        if let Some((id, secret)) = profile.keys {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            if let Some(token) = profile.token {
                builder = builder.with_token(token);
            }
        }
    }
    Ok((builder, region))
}

/// Who is asked instead of Amazon.
fn endpoint(builder: &AmazonS3Builder) -> Option<String> {
    let of = |key| builder.get_config_value(&key);
    of(AmazonS3ConfigKey::S3Endpoint).or_else(|| of(AmazonS3ConfigKey::Endpoint))
}

/// What the files of the AWS command line say of one profile.
#[derive(Default)]
struct Profile {
    keys: Option<(String, String)>,
    token: Option<String>,
    region: Option<String>,
}

impl Profile {
    fn read() -> Result<Self, ObjectError> {
        let chosen = env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        let name = chosen.as_deref().unwrap_or("default");
        let file = |variable: &str, usual: &str| {
            let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".aws").join(usual));
            let path = env::var_os(variable).map(PathBuf::from).or_else(home);
            path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
        };
        let (secrets, config) =
            (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config"));
        Self::of(&secrets, &config, name, chosen.is_some()).map_err(ObjectError::Setup)
    }

    /// `is_chosen`: somebody asked for this one, so that it has to be there.
    fn of(secrets: &str, config: &str, name: &str, is_chosen: bool) -> Result<Self, String> {
        let mut found = section(config, &format!("profile {name}"));
        found.extend(section(config, name));
        found.extend(section(secrets, name));
        if found.is_empty() && is_chosen {
            return Err(format!(
                "there is no profile {name} in ~/.aws/credentials or ~/.aws/config: set AWS_PROFILE to one there is"
            ));
        }
        let mut take = |key: &str| found.remove(key).filter(|value| !value.is_empty());
        let region = take("region");
        let keys = take("aws_access_key_id").zip(take("aws_secret_access_key"));
        let token = take("aws_session_token");
        let indirect = ["sso_session", "sso_start_url", "role_arn", "credential_process"];
        if keys.is_none() && indirect.iter().any(|key| found.contains_key(*key)) {
            return Err(format!(
                "the profile {name} gets its keys elsewhere, which is not done here: run `eval \"$(aws configure \
                 export-credentials --profile {name} --format env)\"` first"
            ));
        }
        Ok(Self { keys, token, region })
    }
}

/// The `key = value` lines under `[name]`.
fn section(text: &str, name: &str) -> HashMap<String, String> {
    let mut is_in = false;
    let mut found = HashMap::new();
    for line in text.lines() {
        // Indented lines belong to a value of several lines, which none of those that are read here has.
        let (is_indented, line) = (line.starts_with([' ', '\t']), line.trim());
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            is_in = title.trim() == name;
        } else if let Some((key, value)) = line.split_once('=')
            && is_in
            && !is_indented
            && !line.starts_with(['#', ';'])
        {
            found.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: &str = "[default]\naws_access_key_id = AK1\naws_secret_access_key=s/1=\n\n[ shop ]\n\
                           aws_access_key_id = AK2\n# a word\naws_secret_access_key = s2\naws_session_token = t2\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\ns3 =\n  region = no\n[profile shop]\nregion = us-west-2\n\
                          [profile login]\nsso_session = corp\n";

    #[test]
    fn a_profile_is_put_together_of_both_files() {
        let of = |name: &str| Profile::of(SECRETS, CONFIG, name, true).unwrap();
        let (usual, shop) = (of("default"), of("shop"));
        assert_eq!(usual.keys, Some(("AK1".into(), "s/1=".into())));
        assert_eq!((usual.region.as_deref(), usual.token), (Some("eu-west-1"), None));
        assert_eq!(shop.keys, Some(("AK2".into(), "s2".into())));
        assert_eq!((shop.region.as_deref(), shop.token.as_deref()), (Some("us-west-2"), Some("t2")));
    }

    #[test]
    fn a_profile_that_cannot_be_used_is_named_with_the_cure() {
        let error = |name: &str| Profile::of(SECRETS, CONFIG, name, true).err().unwrap();
        assert!(error("login").contains("aws configure export-credentials --profile login"));
        assert!(error("none").contains("no profile none"));
        assert!(Profile::of("", "", "default", false).unwrap().keys.is_none());
    }
}
