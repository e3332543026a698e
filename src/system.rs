//! Settings of the operating system.

/// Raises the number of connections of the process to what the system allows: the usual default is a thousand.
pub fn raise_file_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!("the limit of open files stays low: {error}");
    }
}

/// From now on only the user of this process can read the files and folders that it makes: they have prices, customers' stones and
/// the log.
pub fn keep_files_private() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// The name of this machine; `None` if the system does not tell.
#[must_use]
pub fn host_name() -> Option<String> {
    #[cfg(unix)]
    return Some(rustix::system::uname().nodename().to_string_lossy().into_owned());
    #[cfg(not(unix))]
    return std::env::var("COMPUTERNAME").ok();
}

/// Free space of the disk that has `path`, in bytes; `None` if the system does not tell.
#[must_use]
pub fn free_disk_bytes(path: &std::path::Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let about = rustix::fs::statvfs(path).ok()?;
        about.f_bavail.checked_mul(about.f_frsize)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Makes the allocator return freed memory to the system. By default, glibc's allocator keeps blocks as large as the first
/// large one that was freed: under load that is four times as much as is used.
pub fn return_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// The allocator's default threshold, in bytes; setting it keeps it from growing.
        const THRESHOLD: libc::c_int = 128 * 1024;
        #[expect(unsafe_code, reason = "a call that takes two numbers; one that is refused changes nothing")]
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, THRESHOLD);
        }
    }
}

/// Returns what the allocator holds and does not use to the system: after work that needed much.
pub fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a call that takes one number and is allowed at any time")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// How much memory this process can have, in bytes: that of the machine, of its control group or of its address space,
/// whichever is least. `None` if the system does not tell.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    let known = [machine_memory_bytes(), control_group_bytes(), address_space_bytes()];
    known.into_iter().flatten().min()
}

#[cfg(target_os = "linux")]
fn machine_memory_bytes() -> Option<u64> {
    let about = rustix::system::sysinfo();
    about.totalram.checked_mul(about.mem_unit.into())
}

#[cfg(not(target_os = "linux"))]
fn machine_memory_bytes() -> Option<u64> {
    None
}

/// The bound of a container, by version 2 of control groups: "max" if there is none.
fn control_group_bytes() -> Option<u64> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}

#[cfg(unix)]
fn address_space_bytes() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn address_space_bytes() -> Option<u64> {
    None
}

/// Lowers the priority of the calling thread, and of those that it starts from now on: it matters if there are more threads
/// than processors. On systems other than Linux it applies to the whole process.
pub fn lower_priority() {
    /// A tenth of the time of other threads, so that work still gets done on a busy machine.
    #[cfg(unix)]
    const NICENESS: i32 = 10;

    #[cfg(unix)]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!("the priority stays as it is: {error}");
    }
}
