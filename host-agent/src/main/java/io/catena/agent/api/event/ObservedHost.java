package io.catena.agent.api.event;

import io.catena.api.Export;
import io.catena.api.GarbageControl;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A host that tells what is done with it: each operation that has succeeded is an event. It stands between all faces (command
 * line, network, plugins, guests) and the real host.
 *
 * <p>A proxy, and not a class with a method for each: what becomes an event is told by the name of the operation, and an
 * operation that is added later goes through.
 *
 * <p><b>Threads.</b> Safe for use by many threads, as the host is.
 */
public final class ObservedHost {
    /** What an operation on a disk, which is its first argument, is called as an event. */
    private static final Map<String, String> OF_A_DISK = Map.ofEntries(
            Map.entry("destroy", "vdi.deleted"),
            Map.entry("destroyData", "vdi.data-destroyed"),
            Map.entry("set", "vdi.changed"),
            Map.entry("resize", "vdi.resized"),
            Map.entry("revert", "vdi.reverted"),
            Map.entry("compose", "vdi.composed"),
            Map.entry("reset", "vdi.reset"),
            Map.entry("attach", "vdi.attached"),
            Map.entry("activate", "vdi.activated"),
            Map.entry("attachAndActivate", "vdi.attached"),
            Map.entry("deactivate", "vdi.deactivated"),
            Map.entry("detach", "vdi.detached"));

    private static final Set<String> MAKE_A_DISK = Set.of("create", "clone");

    private final StorageHost host;
    private final EventSink events;

    /** The same repository is always the same object, as it is with the host. */
    private final Map<StorageRepository, StorageRepository> repositories = new ConcurrentHashMap<>();

    private ObservedHost(StorageHost host, EventSink events) {
        this.host = host;
        this.events = events;
    }

    /** Returns {@code host}, observed. */
    public static StorageHost of(StorageHost host, EventSink events) {
        ObservedHost observed = new ObservedHost(host, events);
        return proxy(StorageHost.class, observed::onHost);
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    /** What a proxy is asked beside the operations; one is only equal to itself. */
    private static @Nullable Object onObject(Object proxy, Method method, @Nullable Object[] arguments) {
        return switch (method.getName()) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "observed";
        };
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            throw cause == null ? e : cause;
        }
    }

    private @Nullable Object onHost(Object proxy, Method method, @Nullable Object @Nullable [] given) throws Throwable {
        @Nullable Object[] arguments = given == null ? new Object[0] : given;
        if (method.getDeclaringClass() == Object.class) {
            return onObject(proxy, method, arguments);
        }
        Object answer = call(host, method, given);
        if (answer instanceof StorageRepository repository && arguments[0] instanceof SrId sr) {
            return repositories.computeIfAbsent(repository, r -> observed(sr, r));
        }
        tellOfHost(method.getName(), arguments, answer);
        return answer;
    }

    private void tellOfHost(String name, @Nullable Object[] arguments, @Nullable Object answer) {
        switch (name) {
            case "create" -> tellOfSr("sr.created", answer);
            case "attach" -> tellOfSr("sr.attached", answer);
            case "set" -> tellOfSr("sr.changed", answer);
            case "detach", "destroy" -> {
                repositories.clear(); // one that is still used is made once more
                if (arguments[0] instanceof SrId sr) {
                    events.toSr("sr." + (name.equals("detach") ? "detached" : "deleted"), sr, Map.of());
                }
            }
            case "attachAs", "activateAs" -> {
                if (arguments[1] instanceof SrId sr && arguments[2] instanceof VdiId vdi) {
                    String kind = name.equals("attachAs") ? "vdi.attached" : "vdi.activated";
                    events.toVdi(kind, sr, vdi, data(arguments, 3, answer));
                }
            }
            default -> {
                // It changes nothing, or is a job, which tells of itself.
            }
        }
    }

    private void tellOfSr(String kind, @Nullable Object answer) {
        Sr sr = answer instanceof SrStat stat ? stat.sr() : answer instanceof Sr plain ? plain : null;
        if (sr != null) {
            events.toSr(kind, sr.id(), Map.of("name", sr.name()));
        }
    }

    private StorageRepository observed(SrId sr, StorageRepository repository) {
        return proxy(StorageRepository.class, new Repository(sr, repository));
    }

    /** What is asked of a repository; knows the real one. */
    private final class Repository implements InvocationHandler {
        private final SrId sr;
        private final StorageRepository real;

        Repository(SrId sr, StorageRepository real) {
            this.sr = sr;
            this.real = real;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] given)
                throws Throwable {
            @Nullable Object[] arguments = given == null ? new Object[0] : given;
            if (method.getDeclaringClass() == Object.class) {
                return onObject(proxy, method, arguments);
            }
            Object answer = call(real, method, real(given));
            if (answer instanceof VdiImport made) {
                return observed(sr, made);
            }
            if (!(answer instanceof GarbageControl)) {
                tell(sr, method.getName(), arguments, answer);
            }
            return answer;
        }
    }

    /** A repository that is an argument, as the target of a copy, is to be the real one. */
    private static @Nullable Object @Nullable [] real(@Nullable Object @Nullable [] arguments) {
        if (arguments == null) {
            return null;
        }
        @Nullable Object[] real = arguments.clone();
        for (int i = 0; i < real.length; i++) {
            if (real[i] instanceof StorageRepository observed
                    && Proxy.isProxyClass(observed.getClass())
                    && Proxy.getInvocationHandler(observed) instanceof Repository handler) {
                real[i] = handler.real;
            }
        }
        return real;
    }

    private void tell(SrId sr, String name, @Nullable Object[] arguments, @Nullable Object answer) {
        if (answer instanceof Vdi vdi && MAKE_A_DISK.contains(name)) {
            events.toVdi("vdi.created", sr, vdi.vdi(), Map.of("name", vdi.name()));
        } else if (name.equals("snapshot") && answer instanceof List<?> results) {
            for (Object result : results) {
                if (result instanceof SnapshotResult taken) {
                    events.toVdi("snapshot.created", sr, taken.vdi(), data(taken));
                }
            }
        } else if (answer instanceof SrStat stat && name.equals("set")) {
            tellOfSr("sr.changed", stat);
        } else if (OF_A_DISK.containsKey(name) && arguments.length > 0 && arguments[0] instanceof VdiId vdi) {
            events.toVdi(String.valueOf(OF_A_DISK.get(name)), sr, vdi, data(arguments, 1, answer));
        }
    }

    private static Map<String, String> data(SnapshotResult taken) {
        return Map.of("of", taken.of().toString(), "pauseMicros", Long.toString(taken.pauseMicros()));
    }

    /** The holder, and the mode if it is told. */
    private static Map<String, String> data(@Nullable Object[] arguments, int holderAt, @Nullable Object answer) {
        if (arguments.length <= holderAt || !(arguments[holderAt] instanceof String holder)) {
            return Map.of();
        }
        return answer instanceof Export export
                ? Map.of("holder", holder, "mode", export.mode().symbol())
                : Map.of("holder", holder);
    }

    private VdiImport observed(SrId sr, VdiImport made) {
        return proxy(VdiImport.class, (proxy, method, arguments) -> {
            Object answer = call(made, method, arguments);
            if (answer instanceof Vdi vdi) {
                events.toVdi("vdi.created", sr, vdi.vdi(), Map.of("name", vdi.name()));
            }
            return answer;
        });
    }
}
