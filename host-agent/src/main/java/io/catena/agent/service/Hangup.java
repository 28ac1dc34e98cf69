package io.catena.agent.service;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * The signal SIGHUP, on which daemons read their configuration again.
 *
 * <p>{@code sun.misc.Signal} is what Java has for signals, in the module jdk.unsupported; it is reached by its name, since a
 * compiler warns of it and cannot be told not to.
 */
public final class Hangup {
    private Hangup() {}

    /**
     * Has an action run at each SIGHUP from now on, in a thread of the JVM's; the signal does not end the process any more.
     *
     * @throws UnsupportedOperationException if this JVM keeps the signal to itself
     */
    public static void each(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler calls = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    action.run();
                    yield Void.TYPE.cast(null);
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "SIGHUP";
            };
            Object ours = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, calls);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), ours);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException("SIGHUP cannot be handled: " + e, e);
        }
    }
}
