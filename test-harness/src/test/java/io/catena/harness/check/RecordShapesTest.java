package io.catena.harness.check;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.catena.api.AccessMode;
import io.catena.api.GcChange;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.sim.Machine;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Each value in each small file of an SR, in turn, is something else that is still JSON: the SR can be attached and used, or
 * says why not. Only what the whole SR stands on may keep it from being attached.
 */
@Tag("slow")
final class RecordShapesTest {
    private static final long DISK_BYTES = 4 << 20;

    /** Of one disk: those of the others have the same values. */
    private static final String RECORD = ".catena/vdi/" + new UUID(2, 2) + ".json";

    /** Without these nobody knows whose the SR is, or whether its redo logs are there. */
    private static final List<String> NEEDED = List.of(".catena/sr.json", ".catena/session.json");

    /** One of these at each place, besides null. */
    private static final List<JsonElement> SHAPES =
            List.of(new JsonObject(), listOfNull(), new JsonPrimitive(""), new JsonPrimitive(Long.MAX_VALUE));

    /** Warn of what is damaged; kept, because a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr");

    static {
        LOG.setLevel(Level.OFF);
    }

    @Test
    void noValueMakesItFailButWithAReason() throws Exception {
        int tried = 0;
        for (String name : names(prepared())) {
            int count = new Places(text(prepared(), name)).count();
            assertThat(count).as(name).isPositive();
            for (int place = 0; place < count; place++) {
                use(name, place, JsonNull.INSTANCE);
                use(name, place, SHAPES.get(tried / 2 % SHAPES.size()));
                tried += 2;
            }
        }
        assertThat(tried).isGreaterThan(80);
    }

    private static void use(String name, int place, JsonElement shape) throws IOException {
        Machine machine = prepared();
        Storage disk = machine.disk("sr");
        String damaged = new Places(text(machine, name)).with(place, shape);
        try (BlockFile file = disk.open(name)) {
            file.truncate(0);
            file.write(0, ByteBuffer.wrap(withChecksum(name, damaged).getBytes(UTF_8)));
        }
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = new BareSr(disk, machine.tmpfs("run"), 7).attach(jobs)) {
            useAll(repository);
        } catch (SrException e) {
            assertThat(NEEDED).as("%s: %s: %s", name, damaged, e).contains(name);
        } catch (RuntimeException e) {
            throw new AssertionError(name + ": " + damaged, e);
        }
    }

    private static void useAll(VhdRepository repository) {
        repository.stat();
        repository.scan();
        repository.check(false);
        repository.tree();
        repository.garbage().status();
        List<Vdi> vdis = repository.vdis();
        assertThat(vdis).hasSizeGreaterThanOrEqualTo(4);
        for (Vdi vdi : vdis) {
            tried(() -> repository.contents().changes(vdi.vdi(), vdis.get(0).vdi()));
            tried(() -> repository.attach(vdi.vdi(), AccessMode.READ_WRITE));
            tried(() -> repository.detach(vdi.vdi()));
        }
        for (Vdi vdi : vdis) {
            tried(() -> repository.destroy(vdi.vdi()));
        }
    }

    private static void tried(Runnable call) {
        try {
            call.run();
        } catch (SrException e) {
            // It says why not.
        }
    }

    /** An SR whose agent died, with one of each kind of small file. */
    private static Machine prepared() throws IOException {
        Machine machine = new Machine(1);
        Storage disk = machine.disk("sr");
        BareSr sr = new BareSr(disk, machine.tmpfs("run"), 1);
        try (Jobs jobs = BareSr.jobs()) {
            VhdRepository.create(disk, BareSr.ID, "sr");
            sr.attach(jobs).close();
            VhdRepository repository = sr.attach(jobs);
            VdiId first = make(repository, 2);
            VdiId raw = repository
                    .create(new VdiSpec(DISK_BYTES, "raw", "", new VdiId(new UUID(2, 3)), true))
                    .vdi();
            VdiId gone = repository.snapshot(List.of(first), "gone").get(0).vdi();
            repository.destroyData(gone);
            repository.snapshot(List.of(raw), "kept");
            repository.garbage().set(new GcChange(true, null, null, null, null, null, null, null));
            repository.close();
            // Not closed: its process is killed.
            sr.attach(jobs);
            machine.kill();
            machine.restart();
        }
        StoredText.write(
                disk,
                ".catena/orphans.json",
                "{\"orphans\":[{\"file\":\"x.vhd\",\"uniqueId\":\"" + new UUID(0, 0) + "\"}]}");
        return machine;
    }

    private static VdiId make(VhdRepository repository, long id) {
        return repository
                .create(new VdiSpec(
                        DISK_BYTES, "disk", "", new VdiId(new UUID(2, id)), false, Map.of("key", "value", "other", "")))
                .vdi();
    }

    private static List<String> names(Machine machine) throws IOException {
        List<String> names = new ArrayList<>();
        for (String directory : List.of(".catena", ".catena/vdi", ".catena/cbt", ".catena/jobs")) {
            for (String name : machine.disk("sr").list(directory)) {
                if (name.endsWith(".json") || name.endsWith(".bits")) {
                    names.add(name);
                }
            }
        }
        names.removeIf(name -> name.startsWith(".catena/vdi/") && !name.equals(RECORD));
        assertThat(names)
                .contains(
                        ".catena/sr.json",
                        ".catena/session.json",
                        ".catena/gc.json",
                        ".catena/files.json",
                        ".catena/orphans.json",
                        RECORD)
                .anyMatch(name -> name.endsWith(".bits"));
        return names;
    }

    private static String text(Machine machine, String name) throws IOException {
        String text = StoredText.read(machine.disk("sr"), name).orElseThrow();
        return text.substring(text.indexOf('{'));
    }

    private static String withChecksum(String name, String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(UTF_8));
        return name.endsWith(".bits") ? Long.toHexString(crc.getValue()) + "\n" + text : text;
    }

    private static JsonArray listOfNull() {
        JsonArray list = new JsonArray();
        list.add(JsonNull.INSTANCE);
        return list;
    }

    /** The values of a JSON document, counted from its root. */
    private static final class Places {
        private final String text;
        private int at;

        Places(String text) {
            this.text = text;
        }

        int count() {
            at = 0;
            copy(JsonParser.parseString(text), -1, JsonNull.INSTANCE);
            return at;
        }

        String with(int place, JsonElement shape) {
            at = 0;
            return copy(JsonParser.parseString(text), place, shape).toString();
        }

        private JsonElement copy(JsonElement value, int place, JsonElement shape) {
            if (at++ == place) {
                return shape;
            }
            if (value instanceof JsonObject object) {
                JsonObject copy = new JsonObject();
                object.entrySet().forEach(entry -> copy.add(entry.getKey(), copy(entry.getValue(), place, shape)));
                return copy;
            }
            if (value instanceof JsonArray list) {
                JsonArray copy = new JsonArray();
                list.forEach(element -> copy.add(copy(element, place, shape)));
                return copy;
            }
            return value;
        }
    }
}
