package io.catena.agent.control.upload;

import io.catena.api.Vdi;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A disk that is being made of a stream, by a thread of its own. Safe for use by many threads. */
final class HeldUpload {
    private final String stream;
    private final long wholeBytes;
    private final FedChannel bytes;
    private final CompletableFuture<Vdi> outcome = new CompletableFuture<>();

    /**
     * @param begun how much there is already
     * @param patience how long it waits for another connection when one broke off
     */
    HeldUpload(UploadView begun, Duration patience) {
        stream = begun.stream();
        wholeBytes = begun.lengthBytes();
        bytes = new FedChannel(begun.offsetBytes(), wholeBytes, patience);
    }

    /**
     * Begins to make the disk; to be called once.
     *
     * @param ended called when the disk is made, or nothing is left of it
     */
    void start(Function<ReadableByteChannel, Vdi> making, Runnable ended) {
        CompletableFuture<Vdi> unused = CompletableFuture.supplyAsync(() -> making.apply(bytes), HeldUpload::run)
                .whenComplete((vdi, failure) -> {
                    ended.run();
                    if (failure == null) {
                        outcome.complete(vdi);
                    } else {
                        outcome.completeExceptionally(failure);
                    }
                });
    }

    private static void run(Runnable work) {
        Thread thread = new Thread(work, "upload");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Takes a part of the stream; returns the disk when that was the last.
     *
     * @throws io.catena.api.SrException whatever is wrong with the stream, the part or the disk; or that the part broke off
     */
    Vdi take(HeldUploads.Part part) {
        FedChannel.Feed feed = bytes.feed(part.source(), part.from());
        try {
            CompletableFuture.anyOf(outcome, feed.lost()).join();
            return outcome.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException told ? told : e;
        }
    }

    UploadView view() {
        return new UploadView(stream, bytes.position(), wholeBytes, bytes.isFed());
    }

    /** Gives it up; returns whether it has ended by then. */
    boolean abandon(Duration most) {
        bytes.close();
        try {
            outcome.handle((vdi, failure) -> true).get(most.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
