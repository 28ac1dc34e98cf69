package io.catena.harness.smapi;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs the executables of an installation as {@code xapi-storage-script} does: {@code PROG --json} with the arguments on
 * stdin, a locale of C, no terminal, hardly an environment. Safe for use by many threads.
 */
public final class StorageScripts {
    private static final int DEADLINE_SECONDS = 120;

    private final Path root;
    private final List<String> wrapper;

    private StorageScripts(Path root, List<String> wrapper) {
        this.root = root;
        this.wrapper = List.copyOf(wrapper);
    }

    /** Installs the plugins for an agent. */
    public static StorageScripts install(AgentProcess agent, Path root) throws IOException {
        agent.cli("smapi", "install", "--root", root.toString());
        return new StorageScripts(root, List.of());
    }

    /** Returns the same, each program being run by another, which gets the path as its last argument but one. */
    public StorageScripts wrapped(String... command) {
        return new StorageScripts(root, List.of(command));
    }

    public Path executable(String method) {
        String directory = method.startsWith("Data") ? "datapath/catena" : "volume/org.xen.xapi.storage.catena";
        return root.resolve(directory).resolve(method);
    }

    /** Calls a method with named arguments: names and values in turn; values are strings, numbers, booleans, maps or JSON. */
    public ScriptReply call(String method, Object... arguments) throws IOException {
        JsonObject object = new JsonObject();
        object.addProperty("dbg", "test");
        for (int i = 0; i < arguments.length; i += 2) {
            String name = (String) arguments[i];
            if (arguments[i + 1] instanceof Map<?, ?> map) {
                object.add(name, new Gson().toJsonTree(map));
            } else if (arguments[i + 1] instanceof JsonElement json) {
                object.add(name, json);
            } else if (arguments[i + 1] instanceof Number number) {
                object.add(name, new JsonPrimitive(number));
            } else if (arguments[i + 1] instanceof Boolean flag) {
                object.add(name, new JsonPrimitive(flag));
            } else {
                object.addProperty(name, (String) arguments[i + 1]);
            }
        }
        SmapiTypes.inArguments(method, object).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        return run(method, object.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Runs a method with any bytes on stdin. */
    public ScriptReply run(String method, byte[] stdin) throws IOException {
        return run(method, executable(method), stdin);
    }

    /** Runs the program of a method. */
    public ScriptReply run(String method, Path executable, byte[] stdin) throws IOException {
        Path stdout = Files.createTempFile("catena-script", ".out");
        Path stderr = Files.createTempFile("catena-script", ".err");
        try {
            Process process = start(executable, stdout, stderr);
            try {
                feed(process, stdin);
                if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException(method + " has not ended after " + DEADLINE_SECONDS + " s");
                }
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            String log = Files.readString(stderr, StandardCharsets.ISO_8859_1);
            return new ScriptReply(method, process.exitValue(), ByteBuffer.wrap(Files.readAllBytes(stdout)), log);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(method + " was interrupted");
        } finally {
            Files.delete(stdout);
            Files.delete(stderr);
        }
    }

    private Process start(Path executable, Path stdout, Path stderr) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(executable.toString());
        command.add("--json");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().retainAll(List.of("PATH"));
        builder.environment().put("LC_ALL", "C");
        return builder.redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile())
                .start();
    }

    /** A program may end before it has read all. */
    private static void feed(Process process, byte[] stdin) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(stdin);
        } catch (IOException e) {
            // Its exit code and output tell the rest.
        }
    }
}
