//! What is asked of the operating system.

/// Lets the process have as many connections as the system allows: the usual first limit is a thousand.
pub fn raise_file_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!("the limit of open files stays low: {error}");
    }
}

/// Has memory given back to the system when it is let go. Left to itself, the allocator of glibc learns from the first large
/// block to keep such: under load that is four times as much as is used.
pub fn return_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// The allocator's own first value, in bytes, which setting it makes its last.
        const THRESHOLD: libc::c_int = 128 * 1024;
        #[expect(unsafe_code, reason = "a call that takes two numbers; one that is refused changes nothing")]
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, THRESHOLD);
        }
    }
}

/// Lets others go first where there are more of them than processors: the calling thread, and those that it starts from now
/// on. On systems other than Linux the whole process.
pub fn lower_priority() {
    /// A tenth of the time of others: enough not to be left behind for good.
    #[cfg(unix)]
    const NICENESS: i32 = 10;

    #[cfg(unix)]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!("the priority stays as it is: {error}");
    }
}
