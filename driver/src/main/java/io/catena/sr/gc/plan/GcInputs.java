package io.catena.sr.gc.plan;

import io.catena.api.GcSettings;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.store.Storage;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What plans depend on besides the tree.
 *
 * @param records tells what is kept with a node's disk
 * @param setAside tells why a node of some name is not to be tried now; empty if it may be
 */
public record GcInputs(
        Storage storage,
        Attachments attachments,
        Function<Node, VdiRecord> records,
        FilesBehind behind,
        Supplier<GcSettings> settings,
        Function<String, Optional<String>> setAside) {}
