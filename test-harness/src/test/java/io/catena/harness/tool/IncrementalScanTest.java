package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A scan finds what others changed, as a look at everything does, and reads only what changed. */
@Tag("slow")
final class IncrementalScanTest {
    private static final long SIZE = 4 << 20;
    private static final int ROUNDS = 40;
    private static final int FILES = 12;

    @TempDir
    Path home;

    @Seeds(20)
    void aScanShowsWhatALookAtEverythingShows(long seed) throws IOException {
        Random random = new Random(seed);
        Machine machine = new Machine(seed);
        SimulatedStorage storage = machine.disk("sr");
        for (int i = 0; i < FILES / 2; i++) {
            make(storage, random);
        }
        try (Jobs jobs = BareSr.jobs();
                VhdRepository sr = new BareSr(storage, machine.tmpfs("run"), seed).attach(jobs)) {
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = random.nextInt(3); i >= 0; i--) {
                    change(storage, random);
                }
                sr.scan();
                List<Vdi> vdis = sr.vdis();
                List<TreeNode> tree = sr.tree();
                sr.check(false);

                assertThat(vdis).as("round %d", round).isEqualTo(sr.vdis());
                assertThat(tree).as("round %d", round).isEqualTo(sr.tree());
            }
        }
    }

    private static void change(Storage storage, Random random) throws IOException {
        List<String> files = nodes(storage);
        if (files.isEmpty()) {
            make(storage, random);
            return;
        }
        String file = files.get(random.nextInt(files.size()));
        switch (random.nextInt(7)) {
            case 0, 1 -> make(storage, random);
            case 2 -> storage.delete(file);
            case 3 -> storage.rename(file, name(random));
            case 4 -> overwrite(storage, file, random);
            case 5 -> record(storage, file, random);
            default -> hide(storage, file, random.nextBoolean());
        }
    }

    /** Makes a disk, on another one if that can be read; now and then where one was, or where one is missing. */
    private static void make(Storage storage, Random random) throws IOException {
        String name = name(random);
        storage.delete(name);
        List<String> files = nodes(storage);
        VhdCreator creator = new VhdCreator(storage);
        UUID id = new UUID(0, 1 + random.nextInt(FILES * 2));
        if (!files.isEmpty() && random.nextInt(3) > 0) {
            String parent = files.get(random.nextInt(files.size()));
            try {
                UUID parentId = ChainFile.vhd(storage, parent).uniqueId().orElseThrow();
                creator.differencing(name, SIZE, id, 0, ParentLink.of(storage, name, parent, parentId));
                return;
            } catch (IOException e) {
                storage.delete(name);
            }
        }
        creator.dynamic(name, SIZE, id, 0);
    }

    private static String name(Random random) {
        return new UUID(7, random.nextInt(FILES)) + ".vhd";
    }

    private static List<String> nodes(Storage storage) throws IOException {
        return storage.list("").stream().filter(name -> name.endsWith(".vhd")).toList();
    }

    /** The headers, the BAT, anything. */
    private static void overwrite(Storage storage, String file, Random random) throws IOException {
        byte[] bytes = new byte[1 + random.nextInt(600)];
        random.nextBytes(bytes);
        try (BlockFile open = storage.open(file)) {
            open.write(random.nextInt(2000), ByteBuffer.wrap(bytes));
        }
    }

    private static void record(Storage storage, String file, Random random) throws IOException {
        String name = ".catena/vdi/" + file.replace(".vhd", ".json");
        storage.delete(name);
        try (BlockFile record = storage.create(name)) {
            String text = "{\"name\":\"n" + random.nextInt(9) + "\",\"description\":\"\"}";
            record.write(0, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static void hide(Storage storage, String file, boolean hidden) throws IOException {
        try {
            HiddenFlag.set(storage, file, hidden);
        } catch (IOException e) {
            storage.delete(file);
        }
    }

    @Test
    void aScanReadsOnlyWhatChanged() throws IOException {
        Machine machine = new Machine(1);
        SimulatedStorage disk = machine.disk("sr");
        for (int i = 0; i < FILES; i++) {
            new VhdCreator(disk).dynamic(new UUID(7, i) + ".vhd", SIZE, new UUID(8, i), 0);
        }
        List<String> opened = new ArrayList<>();
        try (Jobs jobs = BareSr.jobs();
                VhdRepository sr = new BareSr(listening(disk, opened), machine.tmpfs("run"), 1).attach(jobs)) {
            sr.scan();
            opened.clear();
            sr.scan();
            assertThat(opened).as("nothing has changed").isEmpty();

            String changed = new UUID(7, 3) + ".vhd";
            HiddenFlag.set(disk, changed, true);
            sr.scan();
            assertThat(opened).as("one has changed").containsOnly(changed);
        }
    }

    /** Writes down what is opened for reading. */
    private static Storage listening(Storage storage, List<String> opened) {
        return (Storage) Proxy.newProxyInstance(
                Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("openReadOnly")
                            && arguments[0].toString().endsWith(".vhd")) {
                        opened.add((String) arguments[0]);
                    }
                    try {
                        return method.invoke(storage, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** As rsync and cp do it, which keep times, sizes and names. */
    @Test
    void aFileThatWasReplacedByOneOfTheSameSizeAndTimeIsFound() throws IOException {
        Path directory = Files.createDirectory(home.resolve("sr"));
        Storage storage = new FileStorage(directory);
        String name = new UUID(7, 1) + ".vhd";
        VdiId id = new VdiId(new UUID(7, 1));
        new VhdCreator(storage).dynamic(name, SIZE, new UUID(8, 1), 0);
        new VhdCreator(storage).dynamic("other", SIZE, new UUID(8, 2), 0);
        HiddenFlag.set(storage, "other", true);
        FileTime old = FileTime.from(Instant.ofEpochSecond(1_000_000_000));
        Files.setLastModifiedTime(directory.resolve(name), old);
        Files.setLastModifiedTime(directory.resolve("other"), old);
        try (Jobs jobs = BareSr.jobs();
                VhdRepository sr = new BareSr(storage, new Machine(1).tmpfs("run"), 1).attach(jobs)) {
            sr.scan();
            assertThat(sr.vdi(id).vdi()).isEqualTo(id);
            Files.move(directory.resolve("other"), directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);

            sr.scan();

            assertThat(sr.vdis()).as("the one that is hidden").isEmpty();
        }
    }
}
