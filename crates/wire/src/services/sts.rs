//! AWS STS: who calls, and roles that are assumed.

use model::Span;

use crate::input::Input;
use crate::inventory::digest;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::unknown;
use crate::value::Fields;
use crate::world::{Session, World};

const OPERATIONS: [&str; 2] = ["GetCallerIdentity", "AssumeRole"];

/// How long a session lasts where the request does not say (STS API reference).
const DURATION_SECONDS: u32 = 3_600;

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    match operation {
        "GetCallerIdentity" => caller(world),
        "AssumeRole" => assume(world, input),
        other => Err(unknown(Service::Sts, other, &OPERATIONS)),
    }
}

/// The account and name of a role: `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
fn role(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !name.is_empty()).then_some((*account, name))
}

fn session_arn(session: &Session) -> (String, String) {
    let (account, name) = role(&session.role_arn).unwrap_or_default();
    (account.to_owned(), format!("arn:aws:sts::{account}:assumed-role/{name}/{}", session.name))
}

fn role_id(role_arn: &str) -> String {
    format!("AROA{}", digest(&["role", role_arn], 17).to_ascii_uppercase())
}

fn caller(world: &mut World<'_>) -> Result<Fields, Refusal> {
    world.look("sts:GetCallerIdentity")?;
    if let Some(session) = world.state.session(&world.caller) {
        let (account, arn) = session_arn(session);
        let user = format!("{}:{}", role_id(&session.role_arn), session.name);
        return Ok(Fields::new().with("UserId", user).with("Account", account).with("Arn", arn));
    }
    let account = &world.place.account;
    Ok(Fields::new()
        .with("UserId", world.caller.clone())
        .with("Account", account)
        .with("Arn", format!("arn:aws:iam::{account}:user/{}", world.caller)))
}

fn assume(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let role_arn = input.needed_text("RoleArn")?;
    let name = input.needed_text("RoleSessionName")?;
    let seconds = input.count("DurationSeconds", 900, 43_200)?.unwrap_or(DURATION_SECONDS);
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !(2..=64).contains(&name.len()) || !name.chars().all(letters) {
        return Err(Refusal::invalid(format!("RoleSessionName `{name}` is no session's name")));
    }
    if role(role_arn).is_none() {
        return Err(Refusal::invalid(format!("{role_arn} is invalid")));
    }
    world.call("sts:AssumeRole", true, &[])?;
    let until = world.now + Span::from_secs(u64::from(seconds));
    let session = Session { role_arn: role_arn.to_owned(), name: name.to_owned(), until };
    let (_, arn) = session_arn(&session);
    let key = world.state.begin_session(session);
    let credentials = Fields::new()
        .with("AccessKeyId", key.clone())
        .with("SecretAccessKey", digest(&["secret", &key], 40))
        .with("SessionToken", digest(&["token", &key], 64))
        .with("Expiration", until);
    let user = Fields::new()
        .with("AssumedRoleId", format!("{}:{name}", role_id(role_arn)))
        .with("Arn", arn);
    Ok(Fields::new().with("Credentials", credentials).with("AssumedRoleUser", user))
}
