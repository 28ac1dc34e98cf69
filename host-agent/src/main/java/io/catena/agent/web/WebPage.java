package io.catena.agent.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The files of the page, read once, by their paths. Nothing else than these few can be asked for. */
public final class WebPage {
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "txt", "text/plain; charset=utf-8");

    private final Map<String, WebFile> files = new HashMap<>();

    /**
     * One file.
     *
     * @param tag changes with its content
     */
    public record WebFile(String contentType, String text, String tag) {}

    /**
     * @throws IOException if the program lacks one of its files
     */
    public WebPage() throws IOException {
        for (String name : read("files.txt").lines().toList()) {
            String text = read(name);
            String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
            files.put("/" + name, new WebFile(String.valueOf(type), text, tag(text)));
        }
        files.put("/", Optional.ofNullable(files.get("/index.html")).orElseThrow());
        files.put("/favicon.ico", Optional.ofNullable(files.get("/icon.svg")).orElseThrow());
    }

    public Optional<WebFile> file(String path) {
        return Optional.ofNullable(files.get(path));
    }

    /** Returns all paths that are served. */
    public List<String> paths() {
        return files.keySet().stream().sorted().toList();
    }

    private static String read(String name) throws IOException {
        try (InputStream in = WebPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the file " + name + " of the web page is missing in the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String tag(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "\"" + HexFormat.of().formatHex(hash, 0, 8) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
