//! The proxy between every peer and the emulator: it counts, and adds a round trip to each call.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tap::wire::{Answer, Request};
use tap::{Ledger, Operation};

use crate::Result;

/// Longer than the emulator takes for anything.
const PATIENCE: Duration = Duration::from_mins(2);

/// What passed since the last [`Proxy::begin`].
#[derive(Default, Clone)]
pub struct Traffic {
    pub ledger: Ledger,
    /// Bytes of all requests, repeated ones included.
    pub sent: usize,
    /// Connections over which at least one request came.
    pub connections: usize,
}

#[derive(Default)]
struct State {
    traffic: Traffic,
    round_trip: Duration,
}

pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Listens on a port of its own, for as long as the process lives.
    pub fn start(emulator: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let emulator = SocketAddr::from((Ipv4Addr::LOCALHOST, emulator));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that hangs up ends its connection and nothing else.
                thread::spawn(move || serve(&client, emulator, &state));
            }
        });
        Ok(Self { port, state })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Counts anew, and answers every call later by `round_trip` from now on.
    pub fn begin(&self, round_trip: Duration) {
        *lock(&self.state) = State { traffic: Traffic::default(), round_trip };
    }

    pub fn traffic(&self) -> Traffic {
        lock(&self.state).traffic.clone()
    }
}

fn serve(client: &TcpStream, emulator: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut from = BufReader::new(client);
    let mut to = client;
    let mut is_new = true;
    while let Some(request) = Request::read(&mut from, &mut to)? {
        let (number, round_trip) = {
            let mut state = lock(state);
            state.traffic.sent += request.size();
            state.traffic.connections += usize::from(is_new);
            is_new = false;
            let (number, _) = state.traffic.ledger.begin(&request, &Operation::of_any(&request));
            (number, state.round_trip)
        };
        thread::sleep(round_trip);
        let answer = forward(emulator, &request);
        lock(state).traffic.ledger.end(number, answer.as_ref().ok().map(|answer| answer.status));
        answer?.write(&mut to)?;
    }
    Ok(())
}

/// Sends a request to the emulator over a connection of its own and reads the whole answer.
fn forward(emulator: SocketAddr, request: &Request) -> io::Result<Answer> {
    let stream = TcpStream::connect(emulator)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    request.write(&mut &stream)?;
    Answer::read(&mut BufReader::new(&stream), &request.method)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
