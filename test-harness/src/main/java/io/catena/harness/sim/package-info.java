/**
 * A simulated host: storage in memory, with power cuts, process death and failing calls.
 *
 * <h2>The fault model</h2>
 *
 * What follows is all that a fault may do. Damage beyond it is not simulated, because the driver does not promise to
 * survive it; what it describes the driver must survive, so a failure under it is always a bug.
 *
 * <p>A <em>call</em> is a call that changes or syncs something. Reads are never counted. Calls are counted over all storages
 * of a {@link io.catena.harness.sim.Machine}, which share one power switch and one process.
 *
 * <h3>A power cut may do this to what was not synced</h3>
 *
 * <ul>
 *   <li><b>Bytes.</b> A sector of 512 bytes is written whole. Each sector keeps the value it had at the file's last sync, or
 *       takes any one of the values it was given since, whatever other sectors do: writes are lost and reordered freely.
 *   <li><b>Sizes.</b> Of the size changes since the last sync (writes past the end, truncates up and down) the first few
 *       survive, from none to all, whatever sectors do. What lies within the surviving size and was never written, or whose
 *       write was lost, reads as zeros. Bytes that were cut off by a truncate and grown over again read as zeros if the
 *       truncate survived; if not, they may still be the old ones.
 *   <li><b>Names.</b> Of the creates, renames and deletes of one file since the last sync of names, the first few survive, from
 *       none to all; those of different files survive independently, in any combination. A rename is atomic for the file
 *       renamed: it has the old name or the new one. A file whose name another took over by a surviving rename or create
 *       has lost it, even if its own later name did not survive. Syncing a file does not make its name durable.
 * </ul>
 *
 * The call in which the power goes may have had part of its effect before: a write any subset of its sectors, a sync any
 * part of what it was to make durable, a change of names all or nothing. A <em>tmpfs</em> is empty after a power cut.
 * Directories that are made by themselves, which only SRs of many hosts have, survive everything.
 *
 * <h3>A power cut may not</h3>
 *
 * change bytes, a size or a name that was synced and not changed since; tear a sector; invent bytes or mix those of
 * different files or sectors.
 *
 * <h3>The death of the process</h3>
 *
 * takes nothing away: names and bytes stay as they were, synced or not, and a later power cut treats what was not synced as
 * above. The call in which it happens is done, not done, or if a write, done up to some sector. Its locks are gone.
 *
 * <h3>A failing call</h3>
 *
 * throws, and is done, not done, or if a write, done up to some sector. On a full disk a write goes up to the last page that
 * has room. After a failed sync each later sync of the same open file fails, as Linux tells of a lost write only once. Not
 * simulated: that bytes whose sync failed vanish while the machine runs.
 */
@NullMarked
package io.catena.harness.sim;

import org.jspecify.annotations.NullMarked;
