package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What XAPI does with an SR from its creation to its end, with guests that write. */
@Tag("slow")
final class ScenarioTest extends SmapiTest {
    private static final int VOLUMES = 50;
    private static final long SIZE = 64L << 20;

    @Test
    void anSrLivesWithFiftyVolumesAKilledAgentAndEndsEmpty() throws Exception {
        probe("creatable");
        createSr();
        probe("known");
        List<String> keys = inParallel(VOLUMES, i -> text(createVolume("disk " + i, SIZE), "key"));
        assertThat(list()).containsExactlyInAnyOrderElementsOf(keys);
        inParallel(VOLUMES, i -> write(keys.get(i)));

        String disk = keys.get(0);
        String snapshot = snapshotOfAnActiveVolume(disk);
        migrationOnOneHost(disk);
        revertAndCopies(disk, snapshot);
        composed();
        killedAgent(disk);

        for (String key : list()) {
            ok("Volume.destroy", "sr", SR, "key", key);
            ok("Volume.destroy", "sr", SR, "key", key);
        }
        ok("SR.destroy", "sr", SR);
        assertThat(scripts.call("SR.stat", "sr", SR).failure())
                .containsExactly("SR_BACKEND_FAILURE", "Sr_not_attached", SR);
        ok("SR.detach", "sr", SR);
    }

    @Test
    void whoReadsKeepsWritersOutAndChangesNothingThatXapiIsToldOfTheVolume() throws IOException {
        createSr();
        JsonObject smallest = createVolume("disk", 0);
        assertThat(smallest.get("virtual_size").getAsLong()).isEqualTo(2L << 20);
        String disk = text(smallest, "key");
        assertThat(scripts.call("Datapath.activate", "uri", uri(disk), "domain", "1")
                        .failure())
                .as("activated without attach")
                .startsWith("SR_BACKEND_FAILURE_46");

        ok("Datapath.attach", "uri", uri(disk), "domain", "1");
        ok("Datapath.activate_readonly", "uri", uri(disk), "domain", "1");
        ok("Datapath.attach", "uri", uri(disk), "domain", "2");
        assertThat(scripts.call("Datapath.activate", "uri", uri(disk), "domain", "2")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_24");
        assertThat(stat(disk).get("read_write").getAsBoolean()).isTrue();
        JsonElement listed =
                scripts.call("SR.ls", "sr", SR).result().getAsJsonArray().get(0);
        assertThat(listed.getAsJsonObject().get("read_write").getAsBoolean()).isTrue();

        ok("Datapath.deactivate", "uri", uri(disk), "domain", "1");
        ok("Datapath.activate", "uri", uri(disk), "domain", "2");
        try (NbdClient guest = connect(disk)) {
            guest.write(0, bytes((byte) 7));
        }
        deactivate(disk, "2");
        ok("Datapath.detach", "uri", uri(disk), "domain", "1");
        assertThat(read(disk)).isEqualTo((byte) 7);
    }

    private void probe(String what) throws IOException {
        JsonObject found = scripts.call("SR.probe", "configuration", configuration())
                .result()
                .getAsJsonArray()
                .get(0)
                .getAsJsonObject();
        assertThat(found.get("complete").getAsBoolean()).isTrue();
        boolean known = what.equals("known");
        assertThat(found.has("sr")).isEqualTo(known);
        assertThat(found.getAsJsonObject("configuration").has("sr_uuid")).isEqualTo(known);
    }

    /** As XAPI does it: the snapshot, then its keys, the tags on the source. */
    private String snapshotOfAnActiveVolume(String disk) throws IOException {
        write(disk, (byte) 1);
        ok("Volume.set", "sr", SR, "key", disk, "k", "vdi-type", "v", "user");
        activate(disk, "5");
        try (NbdClient guest = connect(disk)) {
            JsonObject snapshot = scripts.call("Volume.snapshot", "sr", SR, "key", disk)
                    .result()
                    .getAsJsonObject();
            guest.write(0, bytes((byte) 2));
            String key = text(snapshot, "key");
            assertThat(snapshot.get("read_write").getAsBoolean()).isFalse();
            assertThat(text(snapshot, "name")).isEqualTo("disk 0");
            assertThat(snapshot.getAsJsonObject("keys").size()).isZero();
            for (Map.Entry<String, String> pair :
                    Map.of("is_a_snapshot", "true", "snapshot_of", disk).entrySet()) {
                ok("Volume.set", "sr", SR, "key", key, "k", pair.getKey(), "v", pair.getValue());
            }
            ok("Volume.set", "sr", SR, "key", disk, "k", "tagsnightly", "v", "");
            assertThat(stat(key).getAsJsonObject("keys").keySet())
                    .containsExactlyInAnyOrder("is_a_snapshot", "snapshot_of");
            assertThat(stat(disk).getAsJsonObject("keys").keySet())
                    .containsExactlyInAnyOrder("vdi-type", "tagsnightly");
            assertThat(read(key)).isEqualTo((byte) 1);
            assertThat(scripts.call("Datapath.attach", "uri", uri(key), "domain", "9")
                            .exitCode())
                    .isZero();
            ok("Datapath.activate", "uri", uri(key), "domain", "9");
            try (NbdClient reader = connect(key)) {
                assertThat(reader.request(0, NbdClient.WRITE, 0, 512, new byte[512]))
                        .isNotZero();
            }
            ok("Datapath.detach", "uri", uri(key), "domain", "9");
            deactivate(disk, "5");
            return key;
        }
    }

    /** The receiving domain attaches early, and is activated when the sending one was deactivated. */
    private void migrationOnOneHost(String disk) throws IOException {
        activate(disk, "10");
        activate(disk, "10");
        JsonElement first = scripts.call("Datapath.attach", "uri", uri(disk), "domain", "10")
                .result();
        JsonElement second = scripts.call("Datapath.attach", "uri", uri(disk), "domain", "11")
                .result();
        assertThat(second).isEqualTo(first);
        assertThat(scripts.call("Datapath.activate", "uri", uri(disk), "domain", "11")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_24");
        assertThat(scripts.call("Datapath.activate_readonly", "uri", uri(disk), "domain", "11")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_24");
        assertThat(scripts.call("Volume.destroy", "sr", SR, "key", disk).failure())
                .startsWith("SR_BACKEND_FAILURE_24");
        assertThat(scripts.call("SR.detach", "sr", SR).failure()).startsWith("SR_BACKEND_FAILURE_16");
        ok("Datapath.deactivate", "uri", uri(disk), "domain", "10");
        ok("Datapath.activate", "uri", uri(disk), "domain", "11");
        ok("Datapath.detach", "uri", uri(disk), "domain", "10");
        try (NbdClient guest = connect(disk)) {
            guest.write(0, bytes((byte) 3));
        }
        deactivate(disk, "11");
        deactivate(disk, "11");
        assertThat(read(disk)).isEqualTo((byte) 3);
    }

    private void revertAndCopies(String disk, String snapshot) throws IOException {
        ok("Volume.revert", "sr", SR, "snapshot", snapshot, "key", disk);
        assertThat(read(disk)).isEqualTo((byte) 1);
        assertThat(text(stat(disk), "name")).isEqualTo("disk 0");
        assertThat(stat(disk).getAsJsonObject("keys").has("tagsnightly")).isTrue();

        JsonObject clone =
                scripts.call("Volume.clone", "sr", SR, "key", disk).result().getAsJsonObject();
        String onBoot = text(clone, "key");
        assertThat(clone.getAsJsonObject("keys").size()).isZero();
        ok("Volume.set", "sr", SR, "key", disk, "k", "clone-on-boot", "v", onBoot);
        write(onBoot, (byte) 4);
        assertThat(read(disk)).isEqualTo((byte) 1);
        assertThat(scripts.call("Volume.similar_content", "sr", SR, "key", onBoot)
                        .result()
                        .toString())
                .contains(disk, snapshot);
        ok("Volume.unset", "sr", SR, "key", disk, "k", "clone-on-boot");
        ok("Volume.unset", "sr", SR, "key", disk, "k", "clone-on-boot");

        JsonObject copy = scripts.call("Volume.copy", "sr", SR, "key", disk, "dest_sr", SR)
                .result()
                .getAsJsonObject();
        assertThat(read(text(copy, "key"))).isEqualTo((byte) 1);
        assertThat(text(copy, "name")).isEqualTo("disk 0");
        assertThat(copy.getAsJsonObject("keys").size()).isZero();
        ok("Volume.resize", "sr", SR, "key", disk, "new_size", 2 * SIZE);
        assertThat(stat(disk).get("virtual_size").getAsLong()).isEqualTo(2 * SIZE);
        assertThat(scripts.call("Volume.resize", "sr", SR, "key", disk, "new_size", SIZE)
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_79");
    }

    /** The end of a storage migration: what was copied becomes what the volume builds on that was written meanwhile. */
    private void composed() throws IOException {
        String copied = text(createVolume("copied", SIZE), "key");
        write(copied, (byte) 6);
        String empty = text(createVolume("empty", SIZE), "key");
        String child = text(
                scripts.call("Volume.clone", "sr", SR, "key", empty).result().getAsJsonObject(), "key");
        ok("Volume.compose", "sr", SR, "key", child, "key2", copied);
        assertThat(read(child)).isEqualTo((byte) 6);
        assertThat(scripts.call("Volume.stat", "sr", SR, "key", copied).failure())
                .containsExactly("SR_BACKEND_FAILURE", "Volume_does_not_exist", copied);
    }

    /** XAPI does not notice: what was attached and active is so again, and what was written is there. */
    private void killedAgent(String disk) throws IOException {
        activate(disk, "20");
        try (NbdClient guest = connect(disk)) {
            guest.write(0, bytes((byte) 5));
        }
        List<String> before = list();
        agent.kill9();
        agent.restart();
        assertThat(list()).containsExactlyInAnyOrderElementsOf(before);
        activate(disk, "20");
        try (NbdClient guest = connect(disk)) {
            assertThat(guest.read(0, 1)[0]).isEqualTo((byte) 5);
        }
        assertThat(scripts.call("Datapath.attach", "uri", uri(disk), "domain", "21")
                        .exitCode())
                .isZero();
        assertThat(scripts.call("Datapath.activate", "uri", uri(disk), "domain", "21")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_24");
        ok("Datapath.detach", "uri", uri(disk), "domain", "21");
        deactivate(disk, "20");
        ok("SR.attach", "configuration", configuration());
    }

    private void activate(String key, String domain) throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", domain);
        ok("Datapath.activate", "uri", uri(key), "domain", domain);
    }

    private void deactivate(String key, String domain) throws IOException {
        ok("Datapath.deactivate", "uri", uri(key), "domain", domain);
        ok("Datapath.detach", "uri", uri(key), "domain", domain);
    }

    /** A VM that starts and stops at once, as several do in parallel on one SR. */
    private String write(String key) throws IOException {
        activate(key, "1");
        ok("Volume.stat", "sr", SR, "key", key);
        deactivate(key, "1");
        return key;
    }

    private List<String> list() throws IOException {
        List<String> keys = new ArrayList<>();
        scripts.call("SR.ls", "sr", SR)
                .result()
                .getAsJsonArray()
                .forEach(volume -> keys.add(text(volume.getAsJsonObject(), "key")));
        return keys;
    }

    private static List<String> inParallel(int count, Numbered work) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<String>> calls = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                calls.add(() -> work.run(number));
            }
            List<String> results = new ArrayList<>();
            for (Future<String> result : threads.invokeAll(calls)) {
                results.add(result.get());
            }
            return results;
        } finally {
            threads.shutdown();
        }
    }

    /** One of several things done at a time. */
    @FunctionalInterface
    private interface Numbered {
        String run(int number) throws IOException;
    }
}
