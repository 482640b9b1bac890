//! Clients of AWS, one set for each account, and how a call is made with them.
//!
//! ```text
//! read    its turn -> the call -> an error that passes? a little later again, three times in all
//! write   its turn -> the call, once; refused because an earlier change of the same zone is still
//!         being processed, it has not been made, and is made when that is over
//! ```
//!
//! The SDK itself sends nothing twice: its retries would not wait for their turn, it takes
//! `LimitExceededException` for a throttle, and it would send a write again whose answer was lost.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use cloud::{Clock, Error, ErrorKind, Result};
use model::spec::Aws;
use model::{Span, Time};
use tokio::sync::Mutex;

use crate::errors::{self, Attempt, Intent};
use crate::http::{self, Transport};
use crate::ledger::{self, Ledger};
use crate::limits::{Family, Lane, Limits};
use crate::time::ClockTime;

/// The SDK's own default, made plain.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// The slowest answers are those of a full GetMetricData, a few seconds; the SDK has no limit.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// An attempt, with credentials fetched before it (the SDK gives that 5 s).
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a question may wait for its turns and between attempts, all its calls together. While
/// something moves a look is due every 10 s, and every 60 s while nothing does: half of that is
/// for the calls of a large fleet, and what has not had its turn then is asked for anew.
const PATIENCE: Span = Span::from_secs(30);
/// As the SDK's standard mode: the first and two more.
const ATTEMPTS_MAX: u32 = 3;
/// The first wait between attempts, doubled for the next; half of it at least.
const BACKOFF: Span = Span::from_secs(1);
/// The same where a zone is busy. Route 53 says to wait "in intervals of increasing duration";
/// batches in a row mostly pass, so that the first wait is short.
const BUSY: Span = Span::from_millis(1_200);

/// What a role is assumed with. The SDK makes this call by itself.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// How AWS is reached.
pub struct Settings {
    /// The one clock: calls are signed by it, and turns waited for on it.
    pub clock: Arc<dyn Clock>,
    /// What carries requests.
    pub network: Network,
    /// What they are signed with.
    pub credentials: Credentials,
    /// The region of accounts that name none; the environment's where this is `None` too.
    pub region: Option<String>,
    /// Where all services are, in place of AWS: a region's port, a test's.
    pub endpoint: Option<String>,
    /// Where requests are counted.
    pub ledger: Arc<dyn Ledger>,
}

/// What carries requests.
pub enum Network {
    /// HTTPS, with the certificates that the system trusts.
    Https,
    /// Something else, such as a simulated region in this process.
    Own(Arc<dyn Transport>),
}

/// What calls are signed with.
pub enum Credentials {
    /// What the SDK finds: environment, profiles, web identity, task role, instance profile.
    Environment,
    /// These keys.
    Keys {
        /// The access key id.
        id: String,
        /// The secret.
        secret: String,
    },
}

/// The clients of all accounts.
pub(crate) struct Clients {
    base: SdkConfig,
    pub(crate) clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    ledger: Arc<dyn Ledger>,
    accounts: Mutex<BTreeMap<Aws, Arc<Client>>>,
}

/// The clients of one account in one region.
pub(crate) struct Client {
    role: Option<String>,
    /// The account that calls are counted for: its number, or a word for Ferry's own.
    payer: String,
    region: String,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    ledger: Arc<dyn Ledger>,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) metrics: aws_sdk_cloudwatch::Client,
    pub(crate) dns: aws_sdk_route53::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
}

/// A question that somebody asked: all the calls it takes share its patience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    lane: Lane,
    /// When waiting ends.
    pub(crate) until: Time,
}

/// A call that is to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// As IAM names it.
    operation: &'static str,
    family: Family,
    question: Question,
}

impl Call {
    pub(crate) const fn new(operation: &'static str, family: Family, question: Question) -> Self {
        Self { operation, family, question }
    }
}

impl Clients {
    pub(crate) async fn new(settings: Settings) -> Self {
        let Settings { clock, network, credentials, region, endpoint, ledger } = settings;
        let client = match network {
            Network::Https => http::https(),
            Network::Own(transport) => http::over(transport),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client)
            .time_source(ClockTime(Arc::clone(&clock)))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard());
        if let Ok(name) = AppName::new("ferry") {
            loader = loader.app_name(name);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Credentials::Keys { id, secret } = credentials {
            let keys = aws_credential_types::Credentials::new(id, secret, None, None, "ferry");
            loader = loader.credentials_provider(keys);
        }
        let base = loader.load().await;
        let limits = Arc::new(Limits::new(Arc::clone(&clock)));
        Self { base, clock, limits, ledger, accounts: Mutex::default() }
    }

    /// A question that is asked now.
    pub(crate) fn question(&self, lane: Lane) -> Question {
        Question { lane, until: self.clock.now() + PATIENCE }
    }

    /// The clients of an account; those of one account are shared by all that ask.
    pub(crate) async fn of(&self, account: &Aws) -> Arc<Client> {
        let mut accounts = self.accounts.lock().await;
        if let Some(client) = accounts.get(account) {
            return Arc::clone(client);
        }
        let client = Arc::new(self.make(account).await);
        accounts.insert(account.clone(), Arc::clone(&client));
        client
    }

    async fn make(&self, account: &Aws) -> Client {
        let mut config = self.base.clone();
        if !account.region.is_empty() {
            config = config.into_builder().region(Region::new(account.region.clone())).build();
        }
        if let Some(role) = &account.assume_role_arn {
            let assuming = ledger::counted(&config, ASSUME_ROLE, &self.ledger);
            let provider = AssumeRoleProvider::builder(role)
                .configure(&assuming)
                .session_name("ferry")
                .build()
                .await;
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                // Its own cache, shared by its clients: credentials are renewed in time.
                .identity_cache(IdentityCache::lazy().build())
                .build();
        }
        let config = config.into_builder().retry_config(RetryConfig::disabled()).build();
        Client {
            payer: account
                .assume_role_arn
                .as_deref()
                .and_then(account_number)
                .unwrap_or("own")
                .to_owned(),
            role: account.assume_role_arn.clone(),
            region: config.region().map_or_else(String::new, ToString::to_string),
            clock: Arc::clone(&self.clock),
            limits: Arc::clone(&self.limits),
            ledger: Arc::clone(&self.ledger),
            ecs: aws_sdk_ecs::Client::new(&config),
            balancers: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            scaling: aws_sdk_applicationautoscaling::Client::new(&config),
            metrics: aws_sdk_cloudwatch::Client::new(&config),
            dns: aws_sdk_route53::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
        }
    }
}

impl Client {
    /// Makes a call that changes nothing; where an error may pass it is made again, in turn.
    pub(crate) async fn read<T, E, F>(&self, call: Call, mut send: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.send(call, Intent::Read, Box::pin(send())).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let now = self.clock.now();
            let again = now + backoff(BACKOFF, attempts, now);
            if attempts == ATTEMPTS_MAX
                || !is_worth_another(error.kind)
                || again > call.question.until
            {
                return Err(error);
            }
            self.clock.sleep_until(again).await;
        }
    }

    /// Makes a call that changes something, and makes it again for as long as it is refused as
    /// `Busy`: refused, it has changed nothing.
    pub(crate) async fn write_in_turn<T, E, F>(
        &self,
        call: Call,
        mut send: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let answer = self.send(call, Intent::Write, Box::pin(send())).await;
            let Err(Error { kind: ErrorKind::Busy, .. }) = answer else { return answer };
            let now = self.clock.now();
            let again = now + backoff(BUSY, attempts, now);
            if attempts == ATTEMPTS_MAX || again > call.question.until {
                return answer;
            }
            self.clock.sleep_until(again).await;
        }
    }

    /// Makes a call that changes something, once.
    pub(crate) async fn write<T, E, F>(&self, call: Call, send: impl FnOnce() -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        self.send(call, Intent::Write, Box::pin(send())).await
    }

    /// Makes a call once it is its turn. The SDK's futures are boxed: they are large.
    async fn send<T, E, F>(&self, call: Call, intent: Intent, sent: Pin<Box<F>>) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let Call { operation, family, question: Question { lane, until } } = call;
        let payer = self.payer(family);
        self.limits.turn(operation, (family, &payer), lane, until).await?;
        let answer = match sent.await {
            Ok(answer) => answer,
            Err(failure) => {
                let attempt = Attempt { operation, intent, role: self.role.as_deref() };
                let error = attempt.failed(&failure);
                if errors::is_sent(&failure) {
                    self.ledger.sent(operation, Some(error.kind));
                }
                if error.kind == ErrorKind::Throttled {
                    self.limits.throttled(family, &payer);
                }
                return Err(error);
            }
        };
        self.ledger.sent(operation, None);
        Ok(answer)
    }

    /// Whom AWS counts a call for.
    fn payer(&self, family: Family) -> String {
        if family.is_global() {
            self.payer.clone()
        } else {
            format!("{}/{}", self.payer, self.region)
        }
    }
}

/// Whether the same question may well be answered a second later.
const fn is_worth_another(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Throttled | ErrorKind::Unreachable | ErrorKind::Busy => true,
        ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::QuotaReached
        | ErrorKind::Partial
        | ErrorKind::OutcomeUnknown => false,
    }
}

/// How long to wait after `attempts`: doubled each time, between half of it and all of it, so
/// that calls refused together do not come back together.
fn backoff(first: Span, attempts: u32, now: Time) -> Span {
    let whole = first.as_millis() << attempts.saturating_sub(1).min(4);
    // The milliseconds of the present are as good as dice: nothing but spreading rests on them.
    let spread = now.as_millis().rem_euclid(1_000).unsigned_abs();
    Span::from_millis(whole / 2 + whole / 2 * spread / 1_000)
}

/// The account number in the ARN of a role: `arn:aws:iam::123456789012:role/name`.
fn account_number(role: &str) -> Option<&str> {
    role.split(':').nth(4).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests;
