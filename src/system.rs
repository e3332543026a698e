//! Settings of the operating system.

/// Raises the number of connections of the process to what the system allows: the usual default is a thousand.
pub fn raise_file_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!("the limit of open files stays low: {error}");
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
