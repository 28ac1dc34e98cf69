package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.explore.CallSite;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A disk that does not answer for a while. */
final class Stall {
    /** Who waits for a call expects it within this time. */
    private static final long PATIENCE_SECONDS = 20;

    private volatile List<String> names = List.of();
    private volatile String prefix = "";
    private volatile List<String> callers = List.of();
    private volatile boolean isForOne;
    private volatile boolean fails;
    private final AtomicReference<@Nullable Thread> first = new AtomicReference<>();
    private volatile CountDownLatch called = new CountDownLatch(1);
    private volatile CountDownLatch ended = new CountDownLatch(0);

    Storage over(Storage storage) {
        return over(Storage.class, storage);
    }

    private <T> T over(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new Stalling(real)));
    }

    /** Stands before a storage or one of its files. */
    final class Stalling implements InvocationHandler {
        private final Object real;

        Stalling(Object real) {
            this.real = real;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given) throws Throwable {
            Object[] arguments = given == null ? new Object[0] : given;
            if (ended.getCount() > 0 && !isHarmless(method) && isMeant(method.getName(), arguments)) {
                await();
            }
            try {
                Object result = method.invoke(real, unwrapped(arguments));
                return result instanceof BlockFile file ? over(BlockFile.class, file) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private boolean isHarmless(Method method) {
            return fails && method.getName().equals("close");
        }

        private boolean isMeant(String method, Object[] arguments) {
            return real instanceof Storage ? concerns(method, arguments) : isAskedByCaller();
        }

        private Object[] unwrapped(Object[] arguments) {
            return Stream.of(arguments).map(this::unwrapped).toArray();
        }

        private Object unwrapped(Object argument) {
            return Proxy.isProxyClass(argument.getClass())
                            && Proxy.getInvocationHandler(argument) instanceof Stalling stalling
                    ? stalling.real
                    : argument;
        }
    }

    private boolean concerns(String method, Object[] arguments) {
        return callers.isEmpty()
                ? (names.isEmpty() || names.contains(method))
                        && (prefix.isEmpty() || String.valueOf(arguments[0]).startsWith(prefix))
                : isAskedByCaller();
    }

    private boolean isAskedByCaller() {
        return callers.stream()
                .anyMatch(path -> Stream.of(path.split(" > ", -1)).allMatch(CallSite::isInside));
    }

    private void await() throws InterruptedException, IOException {
        CountDownLatch end = ended;
        if (end.getCount() > 0 && (!isForOne || first.compareAndSet(null, Thread.currentThread()))) {
            called.countDown();
            if (fails) {
                throw new IOException("the disk fails");
            }
            end.await();
        }
    }

    /** Nothing answers from now on. */
    void begin(String... only) {
        names = Arrays.asList(only);
        prefix = "";
        callers = List.of();
        isForOne = false;
        called = new CountDownLatch(1);
        ended = new CountDownLatch(1);
    }

    /** A call about files whose names begin so does not answer from now on. */
    void beginAt(String method, String namesFrom) {
        begin(method);
        prefix = namesFrom;
    }

    /** No call that these methods make, or those that they call, is answered from now on; of "A > B" only where both do. */
    void beginInside(String... methods) {
        callers = List.of(methods);
        isForOne = false;
        called = new CountDownLatch(1);
        ended = new CountDownLatch(1);
    }

    /** As {@link #beginInside}, of the first call alone. */
    void beginForOneInside(String... methods) {
        beginInside(methods);
        first.set(null);
        isForOne = true;
    }

    /** As {@link #beginForOneInside}, of a call that fails. */
    void failInside(String... methods) {
        beginForOneInside(methods);
        fails = true;
    }

    /** As {@link #beginInside}, of calls that fail; but files can be closed. */
    void failAllInside(String... methods) {
        beginInside(methods);
        fails = true;
    }

    /** What waits goes on, until it comes to these methods. */
    void goOnInside(String... methods) {
        CountDownLatch before = ended;
        beginInside(methods);
        before.countDown();
    }

    void awaitCall() throws InterruptedException {
        assertThat(called.await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("somebody waits for the disk")
                .isTrue();
    }

    void end() {
        fails = false;
        ended.countDown();
    }
}
