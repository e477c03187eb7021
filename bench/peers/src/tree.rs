//! The memory of a process and of all that it starts, looked at every few milliseconds.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

const PAUSE: Duration = Duration::from_millis(5);

/// Watches until it is told that the process has ended.
pub struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    /// Watches the tree below `pid`, the leader of its process group, and ends the group after `patience`.
    pub fn over(pid: u32, patience: Duration) -> Self {
        let over = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let (since, mut most) = (Instant::now(), 0);
            while !flag.load(Ordering::Relaxed) {
                most = most.max(memory(pid));
                if since.elapsed() > patience {
                    let _ = killpg(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
                }
                thread::sleep(PAUSE);
            }
            most
        });
        Self { over, thread }
    }

    /// The most bytes that were resident at once.
    pub fn most(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// The resident bytes of a tree. A single process tells its own peak, which no look can miss.
fn memory(pid: u32) -> u64 {
    let tree = descendants(pid);
    let told = |pid: u32, field: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        kilobytes(&status, field) * 1024
    };
    let peaks = tree.iter().map(|&pid| told(pid, "VmHWM:")).max().unwrap_or_default();
    peaks.max(tree.iter().map(|&pid| told(pid, "VmRSS:")).sum())
}

fn descendants(pid: u32) -> Vec<u32> {
    let mut tree = vec![pid];
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|child| child.parse().ok());
        tree.extend(children.flat_map(descendants));
    }
    tree
}

fn kilobytes(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn memory_is_read_from_what_linux_says() {
    let status = "Name:\tx\nVmHWM:\t   5120 kB\nVmRSS:\t   4096 kB\n";
    assert_eq!((kilobytes(status, "VmHWM:"), kilobytes(status, "VmRSS:")), (5120, 4096));
    assert!(memory(std::process::id()) > 100_000, "this process takes some memory");
}

#[test]
fn a_child_of_a_child_belongs_to_the_tree() {
    let mut shell = std::process::Command::new("/bin/sh");
    let shell = shell.args(["-c", "cat; true"]).stdin(std::process::Stdio::piped());
    let mut shell = shell.spawn().expect("there is a shell");
    let until = Instant::now() + Duration::from_secs(10);
    while descendants(shell.id()).len() < 2 {
        assert!(Instant::now() < until, "its child is not seen");
    }
    drop(shell.stdin.take());
    assert!(shell.wait().expect("it ends").success());
}
