//! A proxy between the program and the emulator: it counts, breaks, and makes the emulator as strict as AWS.

mod fault;

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;

pub use fault::{Fault, What, When};
use tap::Operation;
pub use tap::{Ledger, operation, wire};
use wire::{Answer, Request};

use crate::aws::Aws;

/// Longer than the slowest cold start.
const PATIENCE: Duration = Duration::from_mins(1);

/// Rules of AWS that the emulator lacks. Calls come one at a time.
pub trait Layer: Send {
    /// Answers in the emulator's place.
    fn before(&mut self, _call: &Incoming) -> Option<Answer> {
        None
    }

    /// Changes what the emulator answered.
    fn after(&mut self, _call: &Incoming, _answer: &mut Answer) {}
}

/// A request on its way. Those to an API that runs in the cloud have no operation.
pub struct Incoming<'a> {
    pub operation: Option<&'a Operation>,
    pub request: &'a Request,
    pub aws: Aws,
}

impl Incoming<'_> {
    /// Whether it is one of these operations, written `service:Name`.
    pub fn is(&self, names: &[&str]) -> bool {
        let name = self.operation.map(ToString::to_string);
        name.is_some_and(|name| names.contains(&&*name))
    }

    /// The request's body, when it is JSON.
    pub fn input(&self) -> Value {
        serde_json::from_slice(&self.request.body).unwrap_or_default()
    }

    /// A part of the path: `/v2/apis/ID` has `ID` at 2.
    pub fn part(&self, index: usize) -> String {
        operation::segments(self.request).get(index).cloned().unwrap_or_default()
    }

    /// A field of a call of IAM.
    pub fn field(&self, name: &str) -> String {
        operation::form_field(&self.request.body, name).unwrap_or_default()
    }

    /// AWS's refusal of this call.
    #[expect(clippy::unnecessary_wraps, reason = "it is what `before` returns")]
    pub fn refused(&self, status: u16, code: &str, message: &str) -> Option<Answer> {
        let operation = self.operation.expect("only calls of AWS are refused in its words");
        Some(operation.refusal(status, code, message))
    }
}

#[derive(Default)]
struct State {
    ledger: Ledger,
    faults: Vec<Fault>,
    /// How often a fault has happened.
    strikes: usize,
    /// Counts the releases of those that are held.
    releases: u32,
}

struct Inner {
    emulator: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
    layer: Mutex<Option<Box<dyn Layer>>>,
}

pub struct Proxy {
    pub port: u16,
    inner: Arc<Inner>,
}

impl Proxy {
    /// Listens on a port of its own, for as long as the process lives.
    pub fn start(emulator: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let inner = Arc::new(Inner {
            emulator: SocketAddr::from((Ipv4Addr::LOCALHOST, emulator)),
            state: Mutex::default(),
            changed: Condvar::new(),
            layer: Mutex::new(None),
        });
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let inner = Arc::clone(&shared);
                thread::spawn(move || {
                    // A connection that breaks is what this is for.
                    let _ = inner.serve(&client);
                });
            }
        });
        Self { port, inner }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on `fault` happens and calls are counted anew; whoever was held is let go.
    pub fn reset(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.inner.state();
        state.ledger.clear();
        state.faults = faults.into_iter().collect();
        state.strikes = 0;
        state.releases += 1;
        drop(state);
        self.inner.changed.notify_all();
    }

    /// Puts rules between the program and the emulator, or takes them away.
    pub fn set_layer(&self, layer: Option<Box<dyn Layer>>) {
        *self.inner.layer.lock().expect("no test panics while it holds this") = layer;
    }

    pub fn ledger(&self) -> Ledger {
        self.inner.state().ledger.clone()
    }

    /// How often a fault has happened since the last [`Proxy::reset`].
    pub fn strikes(&self) -> usize {
        self.inner.state().strikes
    }

    /// Waits a moment for a fault to happen, and says whether one has.
    pub fn has_struck(&self, moment: Duration) -> bool {
        let state = self.inner.state();
        let waited =
            self.inner.changed.wait_timeout_while(state, moment, |state| state.strikes == 0);
        waited.expect("no test panics while it holds this").0.strikes > 0
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }

    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut from = BufReader::new(client);
        let mut to = client;
        while let Some(request) = Request::read(&mut from, &mut to)? {
            if Operation::of(&request).is_some_and(|operation| operation.is_endless()) {
                return self.stream(&request, to);
            }
            let mut answer = self.take(&request)?;
            let is_last = request.header("connection").eq_ignore_ascii_case("close");
            if is_last {
                // Else whoever asked sends the next request into a connection that is closed.
                answer.headers.set("connection", "close");
            }
            answer.write(&mut to)?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Passes an answer on while it comes; nobody waits for its end.
    fn stream(&self, request: &Request, mut to: &TcpStream) -> io::Result<()> {
        let mut from = TcpStream::connect(self.emulator)?;
        request.write(&mut from)?;
        io::copy(&mut from, &mut to).map(|_| ())
    }

    fn take(&self, request: &Request) -> io::Result<Answer> {
        let Some(operation) = Operation::of(request) else {
            return self.relay(None, request);
        };
        let (number, fault) = self.begin(request, &operation);
        let answer = self.answer(request, &operation, fault.as_ref());
        self.state().ledger.end(number, answer.as_ref().ok().map(|answer| answer.status));
        answer
    }

    fn begin(&self, request: &Request, operation: &Operation) -> (usize, Option<What>) {
        let mut state = self.state();
        let (number, attempt) = state.ledger.begin(request, operation);
        let met = state.faults.iter_mut().find(|fault| fault.meets(number, attempt, operation));
        let what = met.map(|fault| {
            fault.times -= 1;
            fault.what.clone()
        });
        (number, what)
    }

    /// An error breaks the connection.
    fn answer(
        &self,
        request: &Request,
        operation: &Operation,
        fault: Option<&What>,
    ) -> io::Result<Answer> {
        let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
        match fault {
            None => self.relay(Some(operation), request),
            Some(What::Late(pause)) => {
                self.strike();
                thread::sleep(*pause);
                self.relay(Some(operation), request)
            }
            Some(What::Refused(status, code, message)) => {
                self.strike();
                Ok(operation.refusal(*status, code, message))
            }
            Some(What::Reset) => {
                self.strike();
                Err(broken())
            }
            Some(What::Lost) => {
                self.relay(Some(operation), request)?;
                self.strike();
                Err(broken())
            }
            Some(What::Held) => {
                self.hold();
                Err(broken())
            }
            Some(What::HeldAfter) => {
                self.relay(Some(operation), request)?;
                self.hold();
                Err(broken())
            }
        }
    }

    fn relay(&self, operation: Option<&Operation>, request: &Request) -> io::Result<Answer> {
        let mut layer_guard = self.layer.lock().expect("no test panics while it holds this");
        let call = Incoming { operation, request, aws: Aws { port: self.emulator.port() } };
        let Some(layer) = layer_guard.as_mut() else {
            drop(layer_guard);
            return forward(self.emulator, request);
        };
        if let Some(answer) = layer.before(&call) {
            return Ok(answer);
        }
        if operation.is_none() {
            // What users ask takes as long as their function, and no rule has a say in the answer.
            drop(layer_guard);
            return forward(self.emulator, request);
        }
        let mut answer = forward(self.emulator, request)?;
        layer.after(&call, &mut answer);
        Ok(answer)
    }

    fn strike(&self) {
        self.state().strikes += 1;
        self.changed.notify_all();
    }

    fn hold(&self) {
        self.strike();
        let state = self.state();
        let since = state.releases;
        drop(self.changed.wait_timeout_while(state, PATIENCE, |state| state.releases == since));
    }
}

/// Sends a request to the emulator over a connection of its own and reads the whole answer.
fn forward(emulator: SocketAddr, request: &Request) -> io::Result<Answer> {
    let stream = TcpStream::connect(emulator)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    request.write(&mut &stream)?;
    Answer::read(&mut BufReader::new(&stream), &request.method)
}
