/**
 * Who may write what, among many hosts that share one SR.
 *
 * <p>A lease says who <em>may</em> write; it cannot stop a write that is already on its way, in a page cache, in a request
 * that a mount repeats for hours, or in a thread that was stopped between the check and the system call. So three things
 * work together: leases (this package) say who; their holder stops <em>answering</em> when it has not renewed them in time;
 * and a fence at the storage refuses what comes late, see {@link io.catena.lease.Takeover}.
 *
 * <p><b>What is assumed.</b> The store of the records is linearizable for one key. Clocks measure durations, suspend
 * included, and run at rates that differ by 1 % at most; nothing is assumed of their time of day, nor of how long a
 * request, a thread or a process may be held up.
 */
@NullMarked
package io.catena.lease;

import org.jspecify.annotations.NullMarked;
