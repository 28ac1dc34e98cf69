package io.catena.harness.crash;

import static io.catena.harness.crash.SmDirectory.DISK;
import static io.catena.harness.crash.SmDirectory.GRAND;
import static io.catena.harness.crash.SmDirectory.PARENT;
import static io.catena.harness.crash.SmDirectory.TWIN;
import static io.catena.harness.crash.SmDirectory.vhd;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrCheck;
import io.catena.api.SrException;
import io.catena.api.SrProbe;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.sim.Machine;
import io.catena.harness.tool.BareSr;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What XenServer's storage manager leaves is named beforehand, and refused if it contradicts its own rules. */
@Tag("slow")
class SmLeftoversTest {
    @TempDir
    Path home;

    /** States that no step of sm leaves, and what is named in the refusal. */
    enum Contradiction {
        A_LEAF_MERGE_WITH_ALL_THREE_FILES(SmState.LEAF_7_LEAF_RENAMED, "leaf_" + DISK),
        A_LEAF_MERGE_WITHOUT_THE_LEAF(SmState.LEAF_6_COPIED, "leaf_" + DISK),
        A_LEAF_MERGE_INTO_A_STRANGER(SmState.LEAF_1_JOURNAL_WRITTEN, "leaf_" + DISK),
        A_LEAF_MERGE_THAT_NAMES_NO_PARENT(SmState.LEAF_1_JOURNAL_WRITTEN, "leaf_" + DISK),
        A_FINISHED_LEAF_MERGE_WITHOUT_A_DISK(SmState.LEAF_12_OLD_LEAF_DELETED, "leaf_" + DISK),
        AN_OLD_LEAF_THAT_IS_NOT_HIDDEN(SmState.LEAF_13_JOURNAL_DELETED, "OLD_" + DISK + ".vhd"),
        AN_OLD_LEAF_BESIDE_A_BROKEN_DISK(SmState.LEAF_13_JOURNAL_DELETED, "OLD_" + DISK + ".vhd"),
        AN_OLD_LEAF_WHOSE_DATA_HAS_ANOTHER_NAME(SmState.LEAF_13_JOURNAL_DELETED, "OLD_" + DISK + ".vhd"),
        A_RELINK_BEFORE_THE_DATA_WAS_COPIED(SmState.NODE_RELINK_BEGUN, "relink_" + PARENT),
        A_RELINK_OF_A_DISK(SmState.NODE_RELINK_BEGUN, "relink_" + PARENT),
        A_RELINK_WITHOUT_A_PARENT(SmState.NODE_RELINK_BEGUN, "relink_" + PARENT),
        A_RELINK_BESIDE_A_DAMAGED_CHILD(SmState.NODE_RELINK_BEGUN, "relink_" + PARENT),
        A_NEW_LEAF_WITH_DATA(SmState.SNAPSHOT_7_NEW_LEAF_WRITTEN, DISK + ".vhd.new"),
        A_NEW_LEAF_WITHOUT_THE_DISK(SmState.SNAPSHOT_7_NEW_LEAF_TORN, DISK + ".vhd.new");

        private final SmState state;
        private final String named;

        Contradiction(SmState state, String named) {
            this.state = state;
            this.named = named;
        }

        private void make(Storage storage) throws IOException {
            SmDirectory directory = SmDirectory.make(storage, state, 1);
            switch (this) {
                case A_LEAF_MERGE_WITH_ALL_THREE_FILES -> copyFile(storage, vhd(PARENT), vhd(DISK));
                case A_LEAF_MERGE_WITHOUT_THE_LEAF, A_FINISHED_LEAF_MERGE_WITHOUT_A_DISK, A_NEW_LEAF_WITHOUT_THE_DISK ->
                    storage.delete(vhd(DISK));
                case A_LEAF_MERGE_INTO_A_STRANGER -> {
                    storage.delete("leaf_" + DISK);
                    directory.text("leaf_" + DISK, SmDirectory.OTHER);
                }
                case A_LEAF_MERGE_THAT_NAMES_NO_PARENT -> {
                    storage.delete("leaf_" + DISK);
                    directory.text("leaf_" + DISK, "what?");
                }
                case AN_OLD_LEAF_THAT_IS_NOT_HIDDEN -> HiddenFlag.set(storage, named, false);
                case AN_OLD_LEAF_BESIDE_A_BROKEN_DISK -> storage.delete(vhd(GRAND));
                case AN_OLD_LEAF_WHOSE_DATA_HAS_ANOTHER_NAME -> storage.rename(vhd(DISK), vhd(PARENT));
                case A_RELINK_BEFORE_THE_DATA_WAS_COPIED -> write(storage, vhd(PARENT));
                case A_RELINK_OF_A_DISK -> HiddenFlag.set(storage, vhd(PARENT), false);
                case A_RELINK_WITHOUT_A_PARENT -> storage.delete(vhd(GRAND));
                case A_RELINK_BESIDE_A_DAMAGED_CHILD -> damage(storage, vhd(TWIN));
                case A_NEW_LEAF_WITH_DATA -> write(storage, named);
            }
            storage.syncNames();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatContradictsTheRulesIsRefusedAndLeftAsItIs(Contradiction contradiction) throws IOException {
        Machine machine = new Machine(1);
        Storage storage = machine.disk("sr");
        contradiction.make(storage);
        Map<String, Storage.Stamp> before = storage.stamps("");

        try (Jobs jobs = BareSr.jobs()) {
            assertThatThrownBy(() -> new BareSr(storage, machine.tmpfs("run"), 1).attach(jobs))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining(contradiction.named)
                    .satisfies(e ->
                            assertThat(((SrException) e).advice()).asString().isNotBlank());
        }

        assertThat(storage.stamps("")).isEqualTo(before);
    }

    /** What can only be told from the data is found out when the SR is attached. */
    @ParameterizedTest
    @EnumSource
    void probingNamesEverythingAndChangesNothing(SmState state) throws IOException {
        Storage storage = new Machine(1).disk("sr");
        SmDirectory.make(storage, state, 1);
        Map<String, Storage.Stamp> before = storage.stamps("");

        List<SrProbe.ForeignWork> work = Probe.of(storage, Path.of("/sr")).foreignWork();

        assertThat(work).noneMatch(SrProbe.ForeignWork::refused);
        List<String> named = work.stream().map(SrProbe.ForeignWork::file).toList();
        List<String> left = before.keySet().stream()
                .filter(name -> !name.matches("[0-9a-f-]{36}\\.vhd"))
                .filter(name -> !name.startsWith("OLD_") || state == SmState.LEAF_13_JOURNAL_DELETED)
                .toList();
        assertThat(named).containsExactlyInAnyOrderElementsOf(left);
        assertThat(storage.stamps("")).isEqualTo(before);
    }

    @Test
    void aCheckNamesWhatWasLeftWhileTheSrIsAttached() throws IOException {
        Machine machine = new Machine(1);
        Storage storage = machine.disk("sr");
        SmDirectory directory = SmDirectory.make(storage, SmState.NODE_BETWEEN_JOURNALS, 1);
        try (Jobs jobs = BareSr.jobs();
                VhdRepository sr = new BareSr(storage, machine.tmpfs("run"), 1).attach(jobs)) {
            directory.text("coalesce_" + PARENT, "1");
            directory.text("filelog.txt", "a log that sm keeps is no fault");

            assertThat(sr.check(false).findings())
                    .filteredOn(f -> f.kind() != SrCheck.Kind.MISSING_RECORD)
                    .singleElement()
                    .satisfies(f -> {
                        assertThat(f.kind()).isEqualTo(SrCheck.Kind.FOREIGN_WORK);
                        assertThat(f.file()).isEqualTo("coalesce_" + PARENT);
                    });
        }
    }

    @Test
    void aResizeOfVhdUtilThatDidNotEndIsUndone() throws IOException {
        Fixture fixture = Fixtures.unpack(home).get("resize-interrupted");
        Path sr = Files.createDirectory(home.resolve("sr"));
        Files.copy(fixture.directory().resolve("r.vhd"), sr.resolve(vhd(DISK)));
        Files.copy(fixture.directory().resolve("r.journal"), sr.resolve(".journal-" + DISK));

        for (int call = 1; ; call++) {
            Machine again = new Machine(call);
            Storage disk = again.disk("sr");
            copyIn(sr.resolve(vhd(DISK)), disk);
            copyIn(sr.resolve(".journal-" + DISK), disk);
            disk.syncNames();
            again.cutPowerAtCall(call);
            boolean cut = attachOnce(again, disk);
            again.restorePower();
            try (Jobs jobs = BareSr.jobs();
                    VhdRepository repository = new BareSr(disk, again.tmpfs("run"), 1).attach(jobs)) {
                assertThat(disk.list("")).containsExactly(vhd(DISK));
                assertThat(repository.vdis()).singleElement().matches(vdi -> vdi.state() == Vdi.State.DETACHED);
                repository.attach(VdiId.parse(DISK), AccessMode.READ_ONLY);
            }
            if (!cut) {
                return;
            }
        }
    }

    private static boolean attachOnce(Machine machine, Storage disk) throws IOException {
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = new BareSr(disk, machine.tmpfs("run"), 1).attach(jobs)) {
            assertThat(repository.vdis()).hasSize(1);
            return false;
        } catch (SrException | IOException e) {
            return true;
        }
    }

    @Test
    void aSecondNameOfADisksFileGoesIfSmsLogTellsWhichIsTheDisks() throws IOException {
        Storage storage = linked();
        try (BlockFile log = storage.create("filelog.txt")) {
            String line = "12:00 log: /run/sr-mount/x /run/sr-mount/x/y vdi_clone 0 " + DISK + "\n";
            log.write(0, ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
        }

        assertThat(attachedDisks(storage)).containsExactlyInAnyOrder(DISK, SmDirectory.OTHER);
        assertThat(home.resolve("sr").resolve(vhd(PARENT))).doesNotExist();
    }

    @Test
    void aSecondNameOfADisksFileGoesBeforeTheNewLeafThatTellsWhichItIs() throws IOException {
        Storage storage = linked();
        storage.create(vhd(DISK) + ".new").close();

        assertThat(attachedDisks(storage)).containsExactlyInAnyOrder(DISK, SmDirectory.OTHER);
        assertThat(storage.list("")).doesNotContain(vhd(PARENT), vhd(DISK) + ".new");
    }

    @Test
    void twoNamesOfOneFileAreRefusedIfNothingTellsWhichIsTheDisks() throws IOException {
        Storage storage = linked();

        assertThatThrownBy(() -> attachedDisks(storage))
                .isInstanceOf(SrException.class)
                .hasMessageContaining(vhd(DISK))
                .hasMessageContaining(vhd(PARENT));
    }

    /** A disk whose file has a second name, as sm makes it on real file systems. */
    private Storage linked() throws IOException {
        Path sr = Files.createDirectory(home.resolve("sr"));
        Storage storage = new FileStorage(sr);
        SmDirectory.make(storage, SmState.SNAPSHOT_7_NEW_LEAF_WRITTEN, 1);
        storage.delete(vhd(DISK) + ".new");
        Files.createLink(sr.resolve(vhd(PARENT)), sr.resolve(vhd(DISK)));
        return storage;
    }

    private static List<String> attachedDisks(Storage storage) throws IOException {
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = new BareSr(storage, new Machine(1).tmpfs("run"), 1).attach(jobs)) {
            return repository.vdis().stream().map(vdi -> vdi.vdi().toString()).toList();
        }
    }

    private static void copyIn(Path file, Storage storage) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        try (BlockFile target = storage.create(String.valueOf(file.getFileName()))) {
            int piece = 4096;
            for (int at = 0; at < bytes.length; at += piece) {
                ByteBuffer source = ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at));
                if (source.mismatch(ByteBuffer.allocate(source.remaining())) >= 0) {
                    target.write(at, source);
                }
            }
            target.truncate(bytes.length);
            target.sync();
        }
    }

    private static void copyFile(Storage storage, String from, String to) throws IOException {
        try (BlockFile source = storage.openReadOnly(from);
                BlockFile target = storage.create(to)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) source.size());
            source.readFully(0, bytes);
            target.write(0, bytes.flip());
            target.sync();
        }
    }

    private static void write(Storage storage, String name) throws IOException {
        try (Layer layer = ChainFile.vhd(storage, name).openWritable(storage, null)) {
            layer.write(
                    0,
                    ByteBuffer.wrap("written by somebody else".repeat(64).getBytes(StandardCharsets.US_ASCII), 0, 512));
        }
    }

    /** Takes both footers and the header: nobody knows what the file builds on. */
    private static void damage(Storage storage, String name) throws IOException {
        try (BlockFile file = storage.open(name)) {
            file.write(0, ByteBuffer.allocate(2048));
            file.truncate(file.size() - 512);
            file.sync();
        }
    }
}
