//! Bearer tokens of two roles.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reading.
    Viewer,
    /// Reading, and saying something to a migration.
    Operator,
}

/// Who may do what. Tokens themselves are not kept, only their SHA-256.
#[derive(Clone, Default)]
pub struct Tokens {
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    role: Role,
    name: String,
    digest: [u8; 32],
}

/// Fewer characters than this cannot carry 256 bits in base64url.
const LENGTH_MIN: usize = 43;
/// Longer than any token; a header this long is refused before it is hashed.
const LENGTH_MAX: usize = 512;
/// Far more people than look after one daemon.
const TOKENS_MAX: usize = 1_000;

impl Tokens {
    /// Reads a file of lines `ROLE NAME TOKEN`; empty lines and those that begin with `#` are
    /// passed over.
    ///
    /// # Errors
    /// One line for each problem, with its line number and never with a token.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut known: Vec<Known> = Vec::new();
        let mut problems = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read(line) {
                Ok(token) if known.iter().any(|other| other.name == token.name) => {
                    problems.push(format!("line {}: a second token of that name", index + 1));
                }
                Ok(token) if known.iter().any(|other| other.digest == token.digest) => {
                    problems.push(format!("line {}: the token of another name", index + 1));
                }
                Ok(token) => known.push(token),
                Err(problem) => problems.push(format!("line {}: {problem}", index + 1)),
            }
        }
        if known.len() > TOKENS_MAX {
            problems.push(format!("{} tokens are more than {TOKENS_MAX}", known.len()));
        }
        if problems.is_empty() && known.is_empty() {
            problems.push("no token: write lines of `operator NAME TOKEN`".to_owned());
        }
        if problems.is_empty() { Ok(Self { known }) } else { Err(problems) }
    }

    /// One operator's token.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_operator(name: &str, token: &str) -> Result<Self, String> {
        read(&format!("operator {name} {token}")).map(|token| Self { known: vec![token] })
    }

    /// Whether any token is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whose token it is, and what it allows. All are compared, each in constant time, so that
    /// how long it takes says nothing of any of them.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<(Role, &str)> {
        if token.len() > LENGTH_MAX {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        let mut found = None;
        for known in &self.known {
            if bool::from(known.digest.ct_eq(&digest)) {
                found = Some((known.role, known.name.as_str()));
            }
        }
        found
    }
}

/// Never shows a token, nor what could be compared with one.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.known.iter().map(|known| (known.role, &known.name));
        f.debug_list().entries(names).finish()
    }
}

fn read(line: &str) -> Result<Known, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [role, name, token] = words.as_slice() else {
        return Err("write `ROLE NAME TOKEN`".to_owned());
    };
    let role = match *role {
        "viewer" => Role::Viewer,
        "operator" => Role::Operator,
        _ => return Err("the role is `viewer` or `operator`".to_owned()),
    };
    if token.len() < LENGTH_MIN || token.len() > LENGTH_MAX {
        return Err(format!(
            "a token has {LENGTH_MIN} to {LENGTH_MAX} characters; `openssl rand -base64 33` \
             makes one"
        ));
    }
    let digest = Sha256::digest(token).into();
    Ok(Known { role, name: (*name).to_owned(), digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn a_token_is_found_with_its_role_and_name() {
        let tokens =
            Tokens::parse(&format!("# who\n\nviewer eve {A}\noperator bob {B}\n")).unwrap();
        assert_eq!(tokens.find(A), Some((Role::Viewer, "eve")));
        assert_eq!(tokens.find(B), Some((Role::Operator, "bob")));
        for wrong in ["", "a", &A[1..], &format!("{A}a"), &"a".repeat(10_000)] {
            assert_eq!(tokens.find(wrong), None);
        }
    }

    #[test]
    fn a_bad_file_is_named_by_line_and_never_by_token() {
        let text =
            format!("viewer eve {A}\nroot bob {B}\noperator bob\nviewer x {A}\noperator y short");
        let problems = Tokens::parse(&text).unwrap_err();
        let lines: Vec<&str> = problems.iter().map(|p| p.split(':').next().unwrap()).collect();
        assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5"]);
        assert!(!problems.concat().contains(A) && !problems.concat().contains(B));
        assert!(Tokens::parse("# nobody\n").is_err());
    }

    #[test]
    fn tokens_are_never_shown() {
        let shown = format!("{:?}", Tokens::of_operator("bob", A).unwrap());
        assert!(shown.contains("bob") && !shown.contains("aaaa"));
    }
}
