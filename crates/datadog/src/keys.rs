//! The two keys of an organisation, which are never shown.

use std::fmt;
use std::path::Path;

use reqwest::header::HeaderValue;

/// An API key and an application key.
#[derive(Clone)]
pub struct Keys {
    pub(crate) api: HeaderValue,
    pub(crate) application: HeaderValue,
}

/// Why there are no keys. A key itself is in no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither the variable nor the one that names a file is set.
    #[error("{0} is not set: set it, or {0}_FILE to a file that holds the key")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("{variable}_FILE: {file}: {problem}")]
    File {
        /// The variable without `_FILE`.
        variable: &'static str,
        /// The file it names.
        file: String,
        /// Why it cannot be read.
        problem: String,
    },
    /// What stands there cannot be a key.
    #[error("{0}: an empty key, or one with characters that no header takes")]
    Malformed(&'static str),
}

/// The variables that Datadog's own tools read.
const API: &str = "DD_API_KEY";
const APPLICATION: &str = "DD_APP_KEY";

impl Keys {
    /// Keys as they are.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for what no header can carry.
    pub fn new(api: &str, application: &str) -> Result<Self, KeyError> {
        Ok(Self { api: header(API, api)?, application: header(APPLICATION, application)? })
    }

    /// `DD_API_KEY` and `DD_APP_KEY`, or the files that `DD_API_KEY_FILE` and `DD_APP_KEY_FILE`
    /// name, as secrets are mounted. `variable` gives an environment variable.
    ///
    /// # Errors
    /// [`KeyError`] names the variable and what to do.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, KeyError> {
        Self::new(&key(API, &variable)?, &key(APPLICATION, &variable)?)
    }
}

fn key(name: &'static str, variable: &impl Fn(&str) -> Option<String>) -> Result<String, KeyError> {
    let is_given = |text: &String| !text.trim().is_empty();
    if let Some(key) = variable(name).filter(is_given) {
        return Ok(key);
    }
    let file = variable(&format!("{name}_FILE")).filter(is_given);
    let file = file.ok_or(KeyError::Missing(name))?;
    std::fs::read_to_string(Path::new(&file)).map_err(|error| KeyError::File {
        variable: name,
        file,
        problem: error.to_string(),
    })
}

fn header(name: &'static str, key: &str) -> Result<HeaderValue, KeyError> {
    let key = key.trim();
    let mut value = HeaderValue::from_str(key).map_err(|_| KeyError::Malformed(name))?;
    if key.is_empty() {
        return Err(KeyError::Malformed(name));
    }
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn a_key_is_in_no_message() {
        let keys = Keys::new(SECRET, SECRET).expect("two keys");
        assert!(!format!("{keys:?} {:?} {:?}", keys.api, keys.application).contains("0123"));
        let bad = format!("{SECRET}\nX-Other: 1");
        let error = Keys::new(&bad, SECRET).expect_err("no header takes it");
        assert!(!format!("{error} {error:?}").contains("0123"), "{error}");
    }

    #[test]
    fn keys_come_from_variables_or_from_the_files_they_name() {
        let file = std::env::temp_dir().join(format!("ferry-key-{}", std::process::id()));
        std::fs::write(&file, format!("{SECRET}\n")).expect("a temporary file");
        let from_file = Keys::from_environment(|name| match name {
            "DD_API_KEY" => Some("from-variable".to_owned()),
            "DD_APP_KEY_FILE" => Some(file.display().to_string()),
            _ => None,
        });
        std::fs::remove_file(&file).expect("it was written");
        let keys = from_file.expect("both are given");
        assert_eq!(
            (keys.api.as_bytes(), keys.application.as_bytes()),
            (b"from-variable".as_slice(), SECRET.as_bytes())
        );
    }

    #[test]
    fn a_missing_key_names_both_ways_to_give_it() {
        let error = Keys::from_environment(|name| (name == API).then(|| SECRET.to_owned()));
        let error = error.expect_err("one key is missing").to_string();
        assert_eq!(
            error,
            "DD_APP_KEY is not set: set it, or DD_APP_KEY_FILE to a file that holds the key"
        );
        let absent = |name: &str| (name == "DD_API_KEY_FILE").then(|| "/no/such/file".to_owned());
        let error = Keys::from_environment(absent).expect_err("there is no such file");
        assert!(error.to_string().starts_with("DD_API_KEY_FILE: /no/such/file: "), "{error}");
    }
}
