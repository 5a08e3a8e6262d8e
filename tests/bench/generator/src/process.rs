//! Reads the kernel's figures of processes, and starting them where they belong. Linux only.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPU time that a process has used, in seconds, all of its threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Cpu {
    /// Reads `/proc/PID/stat`, see proc_pid_stat(5).
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&stat).ok_or_else(|| io::Error::other("/proc/PID/stat is not as it should be"))
    }

    fn parse(stat: &str) -> Option<Self> {
        // The second field is the name, in brackets; it may hold anything. `utime` and `stime` are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut times = fields.split(' ').skip(11).map(|ticks| ticks.parse::<f64>().ok());
        let hertz = clock_ticks_per_second() as f64;
        Some(Self { user: times.next()?? / hertz, system: times.next()?? / hertz })
    }

    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

/// How often a process has touched memory that it had no page for, without reading a file.
pub(crate) fn page_faults(pid: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // `minflt` is field 10.
    let faults = stat.rsplit_once(") ").and_then(|(_, fields)| fields.split(' ').nth(7)?.parse().ok());
    faults.ok_or_else(|| io::Error::other("/proc/PID/stat is not as it should be"))
}

/// CPU time that the threads of a process have used, in seconds. Exact where [`Cpu`] counts hundredths of a second, but
/// without threads that have ended.
pub(crate) fn run_time(pid: u32) -> io::Result<f64> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // See "schedstat" in proc(5): time on the processor, time of waiting for it, and how often.
        let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let time = times.split(' ').next().and_then(|time| time.parse::<u64>().ok());
        nanoseconds += time.ok_or_else(|| io::Error::other("schedstat is not as it should be"))?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Seconds that the machine's cores have been busy, added up.
pub(crate) fn machine_busy() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks: Option<Vec<f64>> = stat
        .lines()
        .next()
        .map(|line| line.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect());
    match ticks.as_deref() {
        // Left out are idle and iowait; and guest, which user holds already.
        Some([user, nice, system, _, _, irq, softirq, steal, ..]) => {
            Ok((user + nice + system + irq + softirq + steal) / clock_ticks_per_second() as f64)
        }
        _ => Err(io::Error::other("/proc/stat is not as it should be")),
    }
}

/// Bytes of memory that a process shares with no other.
pub(crate) fn private_bytes(pid: u32) -> io::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kilobytes = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    Ok(private.filter_map(kilobytes).sum::<u64>() * 1024)
}

/// The last core that this process may use: interrupts usually go to the first.
pub(crate) fn last_core() -> io::Result<usize> {
    let cores = sched_getaffinity(None)?;
    (0..CpuSet::MAX_CPU)
        .rev()
        .find(|core| cores.is_set(*core))
        .ok_or_else(|| io::Error::other("no core to run on"))
}

/// How many files a process may open if it asks for as many as are allowed.
pub(crate) fn open_files() -> io::Result<usize> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    maximum.map_or(Ok(usize::MAX), |maximum| usize::try_from(maximum).map_err(io::Error::other))
}

/// Allows this process as many open files as it may have.
pub(crate) fn allow_open_files() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Becomes another program, on one core or on any, with as many open files as are allowed, and killed when its parent ends.
pub(crate) fn become_pinned(core: Option<usize>, program: &str, arguments: &[String]) -> io::Error {
    let prepare = || -> io::Result<()> {
        if let Some(core) = core {
            let mut cores = CpuSet::new();
            cores.set(core);
            sched_setaffinity(None, &cores)?;
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        allow_open_files()
    };
    match prepare() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let stat = "7 (a ) b (c) S 1 7 7 0 -1 4194304 5 0 0 0 1200 300 0 0 20 0 3 0 99 1 1";
        let cpu = Cpu::parse(stat).unwrap();
        assert_eq!(cpu.user / cpu.system, 4.0);
        assert!(Cpu::parse("7 (a) S 1").is_none());
    }

    #[test]
    fn the_kernel_tells_about_this_process() {
        let pid = std::process::id();
        assert!(Cpu::of(pid).unwrap().total() >= 0.0);
        let before = run_time(pid).unwrap();
        assert!(before > 0.0 && run_time(pid).unwrap() >= before);
        assert!(private_bytes(pid).unwrap() > 4096 && page_faults(pid).unwrap() > 0);
        assert!(machine_busy().unwrap() > 0.0);
        last_core().unwrap();
    }
}
