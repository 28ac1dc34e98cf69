package io.catena.api;

/** Where a disk that is active is reached, in one way. */
public sealed interface Endpoint {
    /** In which way. */
    ExportKind kind();

    /**
     * A server of NBD.
     *
     * @param uri for instance {@code nbd+unix:///EXPORT?socket=PATH}
     */
    record Nbd(String uri) implements Endpoint {
        @Override
        public ExportKind kind() {
            return ExportKind.NBD;
        }
    }

    /**
     * A block device of this host.
     *
     * @param path for instance {@code /dev/loop0}
     */
    record BlockDevice(String path) implements Endpoint {
        @Override
        public ExportKind kind() {
            return ExportKind.BLOCK;
        }
    }
}
