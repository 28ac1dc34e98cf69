package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.etcd.EtcdEndpoints;
import io.catena.agent.etcd.EtcdLeaseStore;
import io.catena.api.SrId;
import io.catena.harness.contract.LeaseStoreContract;
import io.catena.lease.Entry;
import io.catena.lease.LeaseStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The store in a real etcd, of three members. */
@Execution(ExecutionMode.SAME_THREAD)
@Tag("slow")
class EtcdTest extends LeaseStoreContract {
    private static EtcdCluster cluster;

    /** Of this test alone. */
    private SrId sr;

    @BeforeAll
    static void startCluster(@TempDir Path directory) throws IOException {
        cluster = EtcdCluster.start(directory, 3);
    }

    @AfterAll
    static void endCluster() throws IOException {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void chooseSr() {
        sr = new SrId(UUID.randomUUID());
    }

    @Override
    protected LeaseStore host() {
        return new EtcdLeaseStore(EtcdEndpoints.parse(cluster.urls(), null), sr);
    }

    @Test
    void whatAnotherSrHasIsNotSeen() throws Exception {
        assertThat(host().replace("tree", null, "1")).isPresent();
        LeaseStore other = new EtcdLeaseStore(EtcdEndpoints.parse(cluster.urls(), null), new SrId(UUID.randomUUID()));
        assertThat(other.read("tree")).isEmpty();
    }

    /** One of three may be gone; of a transaction it may be unknown whether it happened, once. */
    @Test
    void aMemberThatIsKilledIsNotMissed() throws Exception {
        LeaseStore store = host();
        Entry first = store.replace("tree", null, "1").orElseThrow();
        for (int member = 0; member < 3; member++) {
            cluster.kill(member);
            try {
                String text = "member " + member + " is gone";
                eventually(() -> {
                    store.writeNote("hosts/a/1", text);
                    return store.note("hosts/a/1");
                });
                assertThat(store.note("hosts/a/1")).contains(text);
            } finally {
                cluster.restart(member);
            }
        }
        assertThat(eventually(() -> store.read("tree"))).isEqualTo(first);
        count(store, first);
    }

    @Test
    void aMemberThatHangsIsNotMissed() throws Exception {
        LeaseStore store = host();
        Entry newest = store.replace("tree", null, "0").orElseThrow();
        for (int member = 0; member < 3; member++) {
            cluster.pause(member);
            try {
                newest = count(store, newest);
            } finally {
                cluster.resume(member);
            }
        }
        assertThat(eventually(() -> store.read("tree"))).isEqualTo(newest);
    }

    /** Adds one, also if it takes several attempts until there is a leader again. */
    private static Entry count(LeaseStore store, Entry old) throws IOException {
        String wanted = "" + (Integer.parseInt(old.value()) + 1);
        IOException failure = new IOException("no answer");
        for (int attempt = 0; attempt < 40; attempt++) {
            try {
                Optional<Entry> now = store.read("tree");
                if (now.isPresent() && now.get().value().equals(wanted)) {
                    return now.get();
                }
                Optional<Entry> written = store.replace("tree", old, wanted);
                if (written.isPresent()) {
                    return written.get();
                }
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        throw failure;
    }

    @Test
    void withoutAMajorityNothingIsAnswered() throws Exception {
        LeaseStore store = host();
        assertThat(store.replace("tree", null, "1")).isPresent();
        cluster.pause(0);
        cluster.pause(1);
        try {
            assertThatThrownBy(() -> store.read("tree")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> store.writeNote("hosts/a/1", "x")).isInstanceOf(IOException.class);
        } finally {
            cluster.resume(0);
            cluster.resume(1);
        }
        count(store, eventually(() -> store.read("tree")));
    }

    /** Asks until there is a leader again; each attempt waits by itself. */
    private static <T> T eventually(Callable<Optional<T>> question) throws Exception {
        IOException failure = new IOException("no answer");
        for (int attempt = 0; attempt < 40; attempt++) {
            try {
                return question.call().orElseThrow();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        throw failure;
    }

    @Test
    void onlyWhoHasACertificateIsLetIn(@TempDir Path directory) throws Exception {
        TestCertificates certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("server", "localhost");
        certificates.certify("client", "host-a");
        try (EtcdCluster secure = EtcdCluster.startWithTls(
                directory,
                1,
                certificates.authority(),
                certificates.certificate("server"),
                certificates.key("server"))) {
            LeaseStore known = new EtcdLeaseStore(
                    EtcdEndpoints.parse(
                            secure.urls(),
                            EtcdEndpoints.tls(
                                    certificates.authority(),
                                    certificates.certificate("client"),
                                    certificates.key("client"))),
                    sr);
            assertThat(known.replace("tree", null, "1")).isPresent();
            LeaseStore unknown = new EtcdLeaseStore(EtcdEndpoints.parse(secure.urls(), null), sr);
            assertThatThrownBy(() -> unknown.read("tree")).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatIsNoAddressIsRefused() {
        for (String text : new String[] {"", "127.0.0.1:2379", "ftp://x", "http://a,,http://b"}) {
            assertThatThrownBy(() -> EtcdEndpoints.parse(text, null)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
