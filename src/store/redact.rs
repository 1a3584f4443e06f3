//! Which variables of the environment are recorded, and which only by name.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Parts of names that betray a secret.
const MARKS: [&str; 8] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "CREDENTIAL", "COOKIE"];

/// The variables by name, secrets replaced. Bytes that are not UTF-8 are replaced, too.
#[must_use]
pub fn environment(variables: &[(OsString, OsString)]) -> BTreeMap<String, String> {
    let text = |value: &OsString| value.to_string_lossy().into_owned();
    variables
        .iter()
        .map(|(name, value)| {
            let name = text(name);
            let value = visible(&name, text(value));
            (name, value)
        })
        .collect()
}

fn visible(name: &str, value: String) -> String {
    let name = name.to_uppercase();
    if MARKS.iter().any(|mark| name.contains(mark)) {
        return REDACTED.to_owned();
    }
    without_password(&value).unwrap_or(value)
}

/// An address such as `https://user:secret@host/` in a harmless variable (`HTTP_PROXY`) without
/// its secret; `None` where there is none.
fn without_password(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    let rest = &rest[user.len()..];
    Some(format!("{scheme}://{name}:{REDACTED}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recorded_by_name_only() {
        let variables = [
            ("PATH", "/bin"),
            ("GITHUB_TOKEN", "x"),
            ("my_password", "x"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("HTTP_PROXY", "http://ada:x@proxy:3128/"),
            ("HOMEPAGE", "http://host/@a:b"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let recorded = environment(&variables);
        let value = |name: &str| recorded.get(name).map(String::as_str);
        assert_eq!(value("PATH"), Some("/bin"));
        for name in ["GITHUB_TOKEN", "my_password", "AWS_ACCESS_KEY_ID"] {
            assert_eq!(value(name), Some(REDACTED), "{name}");
        }
        assert_eq!(value("HTTP_PROXY"), Some("http://ada:[redacted]@proxy:3128/"));
        assert_eq!(value("HOMEPAGE"), Some("http://host/@a:b"));
    }
}
