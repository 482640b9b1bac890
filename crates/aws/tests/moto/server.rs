//! moto with its world, and what stands before it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws::{Credentials, Network, Settings};
use cloud::{Clock, Cloud, Inventory};
use model::spec::Aws;
use model::{Span, Time};
use serde_json::Value;

/// moto, ended with this value.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What boto3 put there last.
    pub(crate) put: Value,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The Python with boto3 and moto, which are installed where they are missing.
fn python() -> String {
    let output = Command::new(root().join("tests/aws/tools")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tests/aws/tools: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Server {
    /// `world`: `whole` or `small`, as the script has it.
    pub(crate) fn start(world: &str) -> Self {
        let mut command = Command::new(python());
        command
            .arg(root().join("tests/aws/second_opinion.py"))
            .arg(world)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Nothing of this machine's own settings of AWS.
        for name in ["AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"] {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, input, output, put: Value::Null };
        server.put = server.line();
        server
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("moto said `{line}`: {error}"))
    }

    fn ask(&mut self, what: &str) -> Value {
        writeln!(self.input, "{what}").unwrap();
        self.line()
    }

    /// Makes the world anew.
    pub(crate) fn fresh(&mut self) {
        self.put = self.ask("fresh");
    }

    /// What is there now, as boto3 reads it.
    pub(crate) fn look(&mut self) -> Value {
        self.ask("look")
    }

    /// Keys of a user with this policy and no other; from now on moto checks who asks for what.
    pub(crate) fn allow(&mut self, policy: &Value) -> Credentials {
        let key = self.ask(&format!("allow {policy}"));
        Credentials::Keys { id: text(&key, "/id"), secret: text(&key, "/secret") }
    }

    pub(crate) fn url(&self) -> String {
        self.text("/url")
    }

    /// What was put, by a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        text(&self.put, pointer)
    }

    pub(crate) fn number(&self, pointer: &str) -> u32 {
        let number = self.put.pointer(pointer).and_then(Value::as_u64);
        u32::try_from(number.unwrap_or_else(|| panic!("{pointer} in {}", self.put))).unwrap()
    }

    pub(crate) fn texts(&self, pointer: &str) -> Vec<String> {
        let list = self.put.pointer(pointer).and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("{pointer} in {}", self.put));
        list.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    /// The process's own account.
    pub(crate) fn account(&self) -> Arc<Aws> {
        Arc::new(Aws { region: self.text("/region"), assume_role_arn: None })
    }
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("{pointer} in {value}")).to_owned()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A clock on which waiting takes no time.
pub(crate) struct Wound(Mutex<Time>);

impl Wound {
    pub(crate) fn wind(&self, span: Span) {
        let mut now = self.0.lock().unwrap();
        *now = *now + span;
    }
}

#[async_trait]
impl Clock for Wound {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: Time) {
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

/// Runs a future of the SDK, which needs a timer and a network.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The adapters with the client that AWS is reached with.
pub(crate) async fn connect(url: &str, region: &str) -> (Cloud, Arc<dyn Inventory>, Arc<Wound>) {
    let keys = Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "s".to_owned() };
    connect_with(url, region, keys).await
}

/// The same with these keys.
pub(crate) async fn connect_with(
    url: &str,
    region: &str,
    credentials: Credentials,
) -> (Cloud, Arc<dyn Inventory>, Arc<Wound>) {
    // moto looks at the time of no signature, so that any will do.
    let clock = Arc::new(Wound(Mutex::new(Time::from_secs(1_767_571_200))));
    let settings = Settings {
        ledger: Arc::new(()),
        clock: clock.clone(),
        network: Network::Https,
        credentials,
        region: Some(region.to_owned()),
        endpoint: Some(url.to_owned()),
    };
    let (cloud, inventory) = aws::connect_with_inventory(settings).await;
    (cloud, inventory, clock)
}

/// What stands before moto and loses a reply when it is told to.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    /// The operation whose next reply is lost.
    lost: Arc<Mutex<Option<String>>>,
}

impl Proxy {
    /// A port of its own before `upstream`, for as long as the process lives.
    pub(crate) fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lost = Arc::new(Mutex::new(None));
        let proxy = Self { url, lost };
        let (upstream, own) = (upstream.trim_start_matches("http://").to_owned(), proxy.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (upstream, own) = (upstream.clone(), own.clone());
                // A client that goes away in the middle is no concern of others.
                std::thread::spawn(move || own.carry(client, &upstream).ok());
            }
        });
        proxy
    }

    pub(crate) fn lose(&self, operation: &str) {
        let name = operation.split(':').nth(1).unwrap_or(operation).to_owned();
        *self.lost.lock().unwrap() = Some(name);
    }

    /// Carries one request and its reply; after it both connections end.
    fn carry(&self, mut client: TcpStream, upstream: &str) -> std::io::Result<()> {
        let Some((head, body)) = request(&mut client)? else { return Ok(()) };
        let mut server = TcpStream::connect(upstream)?;
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        write!(server, "{first}\r\nconnection: close\r\n{rest}\r\n\r\n")?;
        server.write_all(&body)?;
        let mut reply = Vec::new();
        server.read_to_end(&mut reply)?;
        let is_lost = {
            let mut lost = self.lost.lock().unwrap();
            lost.take_if(|lost| *lost == operation(&head, &body)).is_some()
        };
        if is_lost { Ok(()) } else { client.write_all(&reply) }
    }
}

/// The head of a request, without the empty line, and its body.
fn request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let (mut all, mut part) = (Vec::new(), [0_u8; 8_192]);
    loop {
        let end = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&all[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|text| text.parse().ok());
            let whole = end + 4 + length.unwrap_or(0_usize);
            if all.len() >= whole {
                return Ok(Some((head, all[end + 4..whole].to_vec())));
            }
        }
        let count = client.read(&mut part)?;
        if count == 0 {
            return Ok(None);
        }
        all.extend(&part[..count]);
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The operation of a request; of Route 53, which names none, the one that is lost here.
fn operation(head: &str, body: &[u8]) -> String {
    if let Some(target) = header(head, "x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    if head.starts_with("POST /2013-04-01/hostedzone/") {
        return "ChangeResourceRecordSets".to_owned();
    }
    let form = String::from_utf8_lossy(body);
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or_default().to_owned()
}
