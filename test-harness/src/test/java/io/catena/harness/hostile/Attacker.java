package io.catena.harness.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.catena.agent.linux.LinuxFiles;
import io.catena.format.DynamicHeader;
import io.catena.harness.peer.Programs;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Fills the directory of a repository with what is to lead its user astray: to files outside, to files that make him wait, to
 * work that is not his.
 */
final class Attacker {
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final int TRICKS = 26;
    private static final long DISK_BYTES = 4 << 20;

    private final Path directory;
    private final Path outside;
    private final Random random;
    private int made;

    /**
     * @param directory the repository's
     * @param outside holds {@code secret.raw} and {@code secret.vhd}, both of a disk's size, and {@code linked.vhd}, which
     *     the kernel lets the attacker give a second name, and so read
     */
    Attacker(Path directory, Path outside, Random random) {
        this.directory = directory;
        this.outside = outside;
        this.random = random;
    }

    /** Does some of the tricks; one that is impossible now, say since its place is taken, is left out. */
    void attack(int tricks) throws Exception {
        for (int i = 0; i < tricks; i++) {
            try {
                trick(random.nextInt(TRICKS));
            } catch (FileSystemException e) {
                // The place is taken by an earlier trick.
            }
        }
    }

    private void trick(int which) throws Exception {
        switch (which) {
            case 0 -> Files.createSymbolicLink(freshName(), outside.resolve(oneOf("secret.vhd", "secret.raw")));
            case 1 -> Files.createSymbolicLink(freshName(), Path.of(oneOf("/etc/shadow", "..", "/dev/zero", "x.vhd")));
            case 2 -> Programs.run(DEADLINE, "mkfifo", freshName().toString());
            case 3 -> Files.createLink(freshName(), outside.resolve("linked.vhd"));
            case 4 -> Files.createFile(directory.resolve("n".repeat(240 + random.nextInt(10)) + ".vhd"));
            case 5 -> twin();
            case 6, 7, 8 -> forgeLocator();
            case 9 -> forgeJournal();
            case 10 -> replaceOwn(oneOf("vdi", "tmp", "journal", "jobs", "open", "replaced", "notes", "cbt"));
            case 11 -> special();
            case 12 -> forgeRecord();
            case 13 -> plantLies();
            case 14 -> plantDirectory();
            case 15 -> plantKeptChanges();
            case 16, 17 -> new Spoiler(directory.resolve(".catena"), random).spoil();
            case 18, 19, 20, 21, 22, 23, 24 -> new Planter(directory, outside, random).plant();
            default ->
                plantOwn(oneOf(
                        "session.json",
                        "gc.json",
                        "sr.json",
                        "files.json",
                        "files.self",
                        "orphans.json",
                        "vdi/" + new UUID(1, made) + ".json",
                        "tmp/x",
                        "lock"));
        }
    }

    private Path freshName() {
        made++;
        String stem = random.nextBoolean() ? "x" + made : new UUID(random.nextLong(), made).toString();
        return directory.resolve(stem + oneOf(".vhd", ".raw", ".vhd", ".avhd"));
    }

    private String oneOf(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** A copy of a disk under another name. */
    private void twin() throws IOException {
        List<String> disks = LinuxFiles.storage(directory).list("").stream()
                .filter(name -> name.endsWith(".vhd") && Files.isRegularFile(directory.resolve(name), NOFOLLOW_LINKS))
                .toList();
        if (!disks.isEmpty()) {
            Files.copy(directory.resolve(disks.get(random.nextInt(disks.size()))), freshName());
        }
    }

    /** A differencing disk whose parent is a file outside, a FIFO, a device or a link. */
    private void forgeLocator() throws Exception {
        Path workshop = Files.createTempDirectory(directory.getParent(), "workshop");
        Storage storage = LinuxFiles.storage(workshop);
        NewVhd maker = new NewVhd(Clock.systemUTC(), () -> new UUID(random.nextLong(), random.nextLong()));
        String name = "forged" + made++ + ".vhd";
        String base = "base" + made + ".vhd";
        maker.create(storage, base, DISK_BYTES, NewDiskType.DYNAMIC);
        maker.snapshot(storage, name, base);
        if (random.nextBoolean()) {
            Programs.run(
                    DEADLINE,
                    "mkfifo",
                    directory.resolve("fifo" + made + ".raw").toString());
        }
        String target = oneOf(
                outside + "/secret.raw",
                outside + "/secret.vhd",
                "./../outside/secret.raw",
                "../outside/secret.vhd",
                "/etc/shadow",
                "/dev/zero",
                "fifo" + made + ".raw",
                "link" + made + ".raw");
        if (target.startsWith("link")) {
            Files.createSymbolicLink(directory.resolve(target), outside.resolve("secret.raw"));
        }
        ChainFile child = ChainFile.vhd(storage, name);
        UUID id = random.nextBoolean() ? DynamicHeader.NO_ID : secretId();
        List<ParentLink.Patch> patches = new ParentLink(id, 0, target)
                .tryReplaceIn(Objects.requireNonNull(child.headers()))
                .orElseThrow();
        try (BlockFile file = storage.open(name)) {
            for (ParentLink.Patch patch : patches) {
                patch.apply(file);
            }
        }
        Files.move(workshop.resolve(name), directory.resolve(name));
    }

    private UUID secretId() throws IOException {
        return ChainFile.vhd(LinuxFiles.storage(outside), "secret.vhd")
                .uniqueId()
                .orElseThrow();
    }

    private void forgeJournal() throws IOException {
        String target =
                oneOf("../outside/secret.raw", outside + "/secret.vhd", ".catena/sr.json", "../sr/.catena/lock");
        String journal = oneOf(
                "{\"operation\":\"Relink\",\"node\":\"" + target + "\",\"children\":[]}",
                "{\"operation\":\"Replace\",\"prepared\":\".catena/tmp/x\",\"name\":\"y.vhd\",\"old\":\"" + target
                        + "\"}",
                "{\"operation\":\"Replace\",\"prepared\":\"" + target + "\",\"name\":\"y.vhd\",\"old\":\"z.vhd\"}",
                "{\"operation\":\"Absorb\",\"baseCopy\":\"" + target + "\",\"leaf\":\"y.vhd\"}",
                "{\"operation\":\"Rewrite\",\"file\":\"" + target + "\",\"patches\":[],\"sizeBytes\":0}",
                "{\"operation\":\"Snapshot\",\"cuts\":[],\"children\":[],\"records\":[{\"name\":\"" + target
                        + "\",\"text\":\"x\"}]}",
                "{");
        Path file = directory.resolve(".catena/journal/operation.json");
        if (Files.isSymbolicLink(file.getParent())) {
            return;
        }
        Files.createDirectories(file.getParent());
        Files.writeString(file, journal);
    }

    /** A device, which only root can make, or a socket, in the place of a disk. */
    private void special() throws Exception {
        Path name = freshName();
        if (random.nextBoolean()) {
            Programs.tryRun(DEADLINE, "mknod", name.toString(), "c", "1", oneOf("5", "8"));
        } else {
            ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                    .bind(UnixDomainSocketAddress.of(name))
                    .close();
        }
    }

    /** The record of a disk that is a file outside. */
    private void forgeRecord() throws IOException {
        String target = oneOf("../outside/secret.raw", outside + "/secret.vhd", "/etc/shadow", ".catena/sr.json");
        write(
                "vdi/" + new UUID(random.nextInt(3), made++) + oneOf(".json", ".zeros", ".parent"),
                "{\"name\":\"x\",\"description\":\"\",\"baseCopy\":" + random.nextBoolean() + ",\"file\":\"" + target
                        + "\",\"rivals\":[\"" + target + "\"]}");
    }

    /** Notes that tell of files outside as if they were the repository's. */
    private void plantLies() throws IOException {
        String target = oneOf("../outside/secret.raw", outside + "/secret.vhd", "../sr/.catena/lock", "..");
        switch (random.nextInt(4)) {
            case 0 ->
                write(
                        "orphans.json",
                        "{\"orphans\":[{\"file\":\"" + target + "\",\"uniqueId\":\"" + DynamicHeader.NO_ID + "\"}]}");
            case 1 ->
                write(
                        "files.json",
                        "{\"files\":{\"" + target + "\":{\"identity\":\"1\",\"uniqueId\":\"x\",\"parent\":\"" + target
                                + "\"}}}");
            case 2 -> write("open/" + new UUID(2, made++), target);
            default -> write("session.json", "{\"attachment\":\"" + target + "\",\"boot\":\"" + target + "\"}");
        }
    }

    /** A directory, which cannot be deleted like a file, in the place of a small file. */
    private void plantDirectory() throws IOException {
        Path own = directory
                .resolve(".catena")
                .resolve(oneOf(
                        "tmp/x",
                        "replaced/x.vhd",
                        "cbt/x.new",
                        "cbt/anchors.json",
                        "vdi/" + new UUID(1, made++) + ".json",
                        "jobs/1.json",
                        "notes/schedules.json",
                        "files.json.new"));
        if (!Files.isSymbolicLink(own.getParent())) {
            Files.createDirectories(own);
            Files.createLink(own.resolve("inside"), outside.resolve("linked.vhd"));
        }
    }

    /** What is kept of a snapshot, with values that break arithmetic and a name that leads outside. */
    private void plantKeptChanges() throws IOException {
        UUID snapshot = new UUID(random.nextInt(3), made++);
        String body = "{\"version\":1,\"snapshot\":\"" + snapshot + "\",\"sizeBytes\":"
                + oneOf("0", "9223372036854775807", "4194304") + ",\"anchors\":[{\"node\":\""
                + oneOf("../outside/secret.vhd", outside + "/secret.raw", "x.vhd") + "\"}],\"changed\":\"/////w==\"}";
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(UTF_8));
        write("cbt/" + snapshot + ".bits", Long.toHexString(crc.getValue()) + "\n" + body);
    }

    private void write(String name, String text) throws IOException {
        Path file = directory.resolve(".catena").resolve(name);
        if (!Files.isSymbolicLink(file.getParent())
                && (!Files.exists(file, NOFOLLOW_LINKS) || Files.isRegularFile(file, NOFOLLOW_LINKS))) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
    }

    /** Puts a link to the outside in the place of a directory of the repository's own. */
    private void replaceOwn(String name) throws IOException {
        Path own = directory.resolve(".catena").resolve(name);
        if (Files.exists(own)) {
            Files.move(own, directory.resolve("moved" + made++));
        }
        Files.createSymbolicLink(own, outside);
    }

    /** Puts a link or a FIFO in the place of a file of the repository's own. */
    private void plantOwn(String name) throws Exception {
        Path own = directory.resolve(".catena").resolve(name);
        if (Files.isSymbolicLink(own.getParent())) {
            // An earlier trick's: the attacker would change what is outside himself.
            return;
        }
        Files.deleteIfExists(own);
        if (random.nextBoolean()) {
            Files.createSymbolicLink(own, outside.resolve("secret.raw"));
        } else {
            Programs.run(DEADLINE, "mkfifo", own.toString());
        }
    }
}
