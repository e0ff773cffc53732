//! What only this build has, by its patches.

unsafe extern "C" {
    /// Only with the feature `patched`: whatever their linger, sockets that are closed wait no longer
    /// than that from now on, in milliseconds. It holds for the whole process.
    pub fn zmq_sys_linger_at_most(milliseconds: u64);
}
