package io.catena.harness.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Of the classes that are marked {@link WholeMachine} lets one at a time run, whichever JVM it runs in. JUnit finds it as a service. */
public final class MachineTurn implements BeforeAllCallback {

    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(MachineTurn.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        Class<?> outermost = context.getRequiredTestClass().getNestHost();
        if (!outermost.isAnnotationPresent(WholeMachine.class)) {
            return;
        }
        // A nested class finds the turn of the class around it. JUnit closes it when the outermost class has ended.
        context.getStore(NAMESPACE).computeIfAbsent(Turn.class, ignored -> Turn.await(), Turn.class);
    }

    private record Turn(FileChannel file, FileLock lock) implements AutoCloseable {

        static Turn await() {
            Path target = Path.of(System.getProperty("catena.home"), "test-harness", "target");
            try {
                FileChannel file = FileChannel.open(
                        Files.createDirectories(target).resolve("machine.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                return new Turn(file, file.lock());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() throws IOException {
            lock.release();
            file.close();
        }
    }
}
