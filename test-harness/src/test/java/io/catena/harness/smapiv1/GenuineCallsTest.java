package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.store.FileStorage;
import io.catena.tool.VhdInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Makes the 85 calls that were once made to XenServer's own driver for directories, and compares: the answer or fault, the members of
 * an answer, what was written into XAPI's database, what the database says then, what the files say of themselves, and what the disks hold.
 * {@link KnownDifferences} is all that may differ.
 */
@Tag("slow")
final class GenuineCallsTest extends DriverTest {
    private static final Pattern DISK = Pattern.compile("<name>vdi_uuid</name><value>@U(\\d+)@</value>");
    private static final Pattern REFERENCE = Pattern.compile("<value>@REF_U(\\d+)@</value>");

    /** The reference's placeholders of UUIDs, and what stands for them here. */
    private final Map<String, String> uuids = new LinkedHashMap<>();

    private final KnownDifferences differences = new KnownDifferences();
    private final ExpectedContents contents = new ExpectedContents();
    private final List<String> unexpected = new ArrayList<>();

    @Test
    void theDriverAnswersAsTheGenuineOneDoes() throws IOException {
        // Else files change between calls; the reference ran without its collector.
        otherConfig(Map.of("gc", "false"));
        Files.createDirectories(srDirectory());
        Set<String> before = Set.of();
        for (JsonObject call : calls()) {
            prepare(call.get("n").getAsInt());
            xapi.takeLog();
            XmlRpcAnswer answer = driver.run(substituted(call.get("request").getAsString()));
            learn(call, answer, before);
            compare(call, answer);
            follow(call, answer);
            before = rows().keySet();
        }
        assertThat(unexpected).isEmpty();
        assertThat(differences.unseen()).isEmpty();
    }

    private static List<JsonObject> calls() throws IOException {
        try (InputStream in = Objects.requireNonNull(GenuineCallsTest.class.getResourceAsStream("calls.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> JsonParser.parseString(line).getAsJsonObject())
                    .toList();
        }
    }

    /** What was done between the calls when they were recorded, and what undoes a difference that would hide others. */
    private void prepare(int n) throws IOException {
        switch (n) {
            case 7 -> Files.writeString(srDirectory().resolve("x"), "");
            case 8 -> Files.delete(srDirectory().resolve("x"));
            case 30, 53 -> writeAsGuest("@U1@", (byte) n);
            case 67 -> nil(vdi("vdi_delete", uuid("@U13@")));
            default -> {
                // Nothing happened.
            }
        }
    }

    private void writeAsGuest(String disk, byte value) throws IOException {
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, value);
        try (NbdClient guest = guest(uuid(disk))) {
            for (int offset : new int[] {0, (int) (4 * MIB)}) {
                guest.write(offset, bytes);
                contents.write(disk, offset, bytes);
            }
        }
    }

    /** What a call has to have done to contents, and whether it has. */
    private void follow(JsonObject call, XmlRpcAnswer answer) throws IOException {
        if (answer.isFault()) {
            return;
        }
        String disk = named(call, DISK);
        switch (call.get("cmd").getAsString()) {
            case "vdi_create" -> contents.create(made(answer), sizeBytes(made(answer)));
            case "vdi_snapshot", "vdi_clone" -> {
                contents.copy(disk, made(answer));
                checkContents(call, new TreeSet<>(List.of(disk, made(answer))));
            }
            case "vdi_resize" -> {
                contents.resize(disk, sizeBytes(disk));
                checkContents(call, Set.of(disk));
            }
            case "vdi_revert" -> {
                contents.copy(disk, named(call, REFERENCE));
                checkContents(call, contents.disks());
            }
            case "vdi_delete", "vdi_data_destroy" -> contents.delete(disk);
            default -> {
                // Nothing that disks hold has changed.
            }
        }
    }

    private String made(XmlRpcAnswer answer) {
        return placeholder(answer.value().member("uuid").asText());
    }

    private int sizeBytes(String disk) {
        return Integer.parseInt(row(uuid(disk)).member("virtual_size").asText());
    }

    /** Returns the placeholder of a disk that a request names; empty if it names none. */
    private static String named(JsonObject call, Pattern pattern) {
        Matcher found = pattern.matcher(call.get("request").getAsString());
        return found.find() ? "@U" + found.group(1) + "@" : "";
    }

    private void checkContents(JsonObject call, Set<String> disks) throws IOException {
        for (String disk : disks) {
            Path file = srDirectory().resolve(uuid(disk) + ".vhd");
            if (Files.exists(file)) {
                compare(call, "content of " + disk, contents.sha256(disk), ReferenceReader.sha256(file));
            }
        }
    }

    private String uuid(String placeholder) {
        return Objects.requireNonNull(uuids.get(placeholder), placeholder);
    }

    private String substituted(String text) {
        String result = text.replace("@DIR@", srDirectory().toString()).replace("@SR_UUID@", SR);
        result = result.replace("@U4@", "44444444-4444-4444-8444-444444444444")
                .replace("@U14@", "14141414-1414-4414-8414-141414141414");
        for (Map.Entry<String, String> known : uuids.entrySet()) {
            String number = known.getKey().substring(2, known.getKey().length() - 1);
            String ref = rows().containsKey(known.getValue()) ? ref(known.getValue()) : "OpaqueRef:gone";
            result = result.replace("@REF_U" + number + "@", ref).replace(known.getKey(), known.getValue());
        }
        return result;
    }

    /** Finds out which of our UUIDs stands for which of the reference. */
    private void learn(JsonObject call, XmlRpcAnswer answer, Set<String> before) {
        XmlRpcAnswer reference = reference(call);
        if (!reference.isFault() && reference.value() instanceof XmlRpcValue.Struct struct) {
            if (struct.members().containsKey("uuid") && !answer.isFault()) {
                uuids.putIfAbsent(
                        struct.member("uuid").asText(),
                        answer.value().member("uuid").asText());
            }
        }
        List<String> newHere = rows().keySet().stream()
                .filter(uuid -> !before.contains(uuid) && !uuids.containsValue(uuid))
                .toList();
        List<String> newThere = call.getAsJsonObject("rows").keySet().stream()
                .filter(uuid -> !uuids.containsKey(uuid))
                .toList();
        if (newHere.size() == 1 && newThere.size() == 1) {
            uuids.put(newThere.get(0), newHere.get(0));
        }
    }

    private static XmlRpcAnswer reference(JsonObject call) {
        return XmlRpcAnswer.read(call.get("answer").getAsString().getBytes(StandardCharsets.UTF_8));
    }

    private void compare(JsonObject call, XmlRpcAnswer answer) throws IOException {
        XmlRpcAnswer reference = reference(call);
        compare(call, "fault", reference.faultCode(), answer.faultCode());
        if (!reference.isFault() && !answer.isFault()) {
            compare(call, "members", shape(reference.value()), shape(answer.value()));
            if (call.get("cmd").getAsString().equals("vdi_list_changed_blocks")) {
                compare(
                        call,
                        "bitmap",
                        reference.value().asText(),
                        answer.value().asText());
            }
        }
        compare(call, "writes", theirWrites(call), ourWrites());
        compare(call, "rows", theirRows(call), ourRows(call));
        compare(call, "files", theirFiles(call), ourFiles(call));
    }

    private void compare(JsonObject call, String aspect, Object theirs, Object ours) {
        int n = call.get("n").getAsInt();
        String command = call.get("cmd").getAsString();
        if (!theirs.equals(ours) && !differences.allows(n, command, aspect)) {
            unexpected.add(n + " " + command + ", " + aspect + ": genuine " + theirs + ", ours " + ours);
        }
    }

    private static Object shape(XmlRpcValue value) {
        return value instanceof XmlRpcValue.Struct struct
                ? struct.members().keySet()
                : value.getClass().getSimpleName();
    }

    private static Set<String> theirWrites(JsonObject call) {
        return call.getAsJsonArray("writes").asList().stream()
                .map(JsonElement::getAsString)
                .filter(method -> !KnownDifferences.NOT_COMPARED.contains(method))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Set<String> ourWrites() {
        return xapi.takeLog().stream()
                .filter(StubXapi.Call::writes)
                .map(StubXapi.Call::method)
                .filter(method -> !KnownDifferences.NOT_COMPARED.contains(method))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Map<String, String> theirRows(JsonObject call) {
        Map<String, String> result = new TreeMap<>();
        call.getAsJsonObject("rows").asMap().forEach((uuid, row) -> {
            if (!KnownDifferences.isLeftOut(call, uuid)) {
                result.put(uuid, described(row.getAsJsonObject()));
            }
        });
        return result;
    }

    private static String described(JsonObject row) {
        Map<String, String> config = new TreeMap<>();
        row.getAsJsonObject("sm_config").asMap().forEach((key, value) -> config.put(key, value.getAsString()));
        return row.get("name_label").getAsString() + "|" + row.get("type").getAsString() + "|"
                + row.get("read_only").getAsBoolean() + "|" + row.get("managed").getAsBoolean() + "|"
                + row.get("virtual_size").getAsString() + "|" + config;
    }

    private Map<String, String> ourRows(JsonObject call) {
        Map<String, String> result = new TreeMap<>();
        rows().forEach((uuid, row) -> {
            String name = placeholder(uuid);
            if (!KnownDifferences.isLeftOut(call, name)) {
                result.put(name, described(row));
            }
        });
        return result;
    }

    private String described(XmlRpcValue row) {
        Map<String, String> config = new TreeMap<>();
        row.member("sm_config").asTextMap().forEach((key, value) -> config.put(key, placeholder(value)));
        return row.member("name_label").asText() + "|" + row.member("type").asText() + "|"
                + row.member("read_only").asFlag() + "|" + row.member("managed").asFlag() + "|"
                + row.member("virtual_size").asText() + "|" + config;
    }

    private String placeholder(String uuid) {
        return uuids.entrySet().stream()
                .filter(known -> known.getValue().equals(uuid))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(uuid);
    }

    private static Map<String, String> theirFiles(JsonObject call) {
        Map<String, String> result = new TreeMap<>();
        JsonArray files = call.getAsJsonArray("files");
        for (JsonElement element : files) {
            JsonObject file = element.getAsJsonObject();
            String name = file.get("file").getAsString();
            if (KnownDifferences.isLeftOut(call, name.replaceFirst("\\..*", ""))) {
                continue;
            }
            result.put(
                    name,
                    file.has("bytes")
                            ? file.get("bytes").getAsString()
                            : file.get("mib") + " MiB on \""
                                    + file.get("parent").getAsString() + "\", hidden " + file.get("hidden") + ", depth "
                                    + file.get("depth"));
        }
        return result;
    }

    private Map<String, String> ourFiles(JsonObject call) throws IOException {
        Map<String, String> result = new TreeMap<>();
        try (Stream<Path> files = Files.list(srDirectory())) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                String placeholder = placeholder(name.replaceFirst("\\..*", ""));
                if (KnownDifferences.isLeftOut(call, placeholder)) {
                    continue;
                }
                if (name.endsWith(".vhd")) {
                    result.put(placeholder + ".vhd", described(VhdInfo.of(new FileStorage(srDirectory()), name)));
                } else if (name.endsWith(".raw")) {
                    result.put(placeholder + ".raw", Long.toString(Files.size(file)));
                }
            }
        }
        return result;
    }

    private String described(VhdInfo info) {
        String parent = info.parent() == null
                ? ""
                : placeholder(String.valueOf(info.parent().file()).replaceFirst("\\.vhd$", ""));
        return info.virtualSizeBytes() / MIB + " MiB on \"" + parent + "\", hidden " + info.hidden() + ", depth "
                + info.chainDepth();
    }
}
