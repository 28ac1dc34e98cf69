package io.catena.harness.explore;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Where in the driver a call comes from.
 *
 * @param method the class and method that makes the call, as "SparseLayer.flushNow"
 * @param index where in the method: tells apart its calls, in the order in which they are written
 */
public record CallSite(String method, int index) {
    /** The packages of the driver that make calls, each with those inside it, without what only passes calls on. */
    private static final Pattern DRIVER = Pattern.compile(
            "io\\.catena\\.(?!store\\.(Fenced|Forwarding|LateDeletion|Tracked))(vhd|op|sr|store|disk|tool|check)\\..*");

    private static final StackWalker STACK = StackWalker.getInstance();

    /** Which classes are in {@link #DRIVER}. */
    private static final Map<String, Boolean> DRIVER_BY_CLASS = new ConcurrentHashMap<>();

    /** Returns the site of the call that is being made by this thread. */
    public static CallSite current() {
        return STACK.walk(frames -> frames.filter(frame -> isDriver(frame.getClassName()))
                .findFirst()
                .map(frame -> new CallSite(nameOf(frame), frame.getByteCodeIndex()))
                .orElseThrow(() -> new IllegalStateException("the driver did not make this call")));
    }

    private static boolean isDriver(String className) {
        return DRIVER_BY_CLASS.computeIfAbsent(
                className, name -> DRIVER.matcher(name).matches());
    }

    /** Whether this thread is inside a method, named as "Journal.record". */
    public static boolean isInside(String method) {
        int dot = method.lastIndexOf('.');
        String endOfClass = "." + method.substring(0, dot);
        String name = method.substring(dot + 1);
        // A frame knows its class; its method it has to look up.
        return STACK.walk(
                frames -> frames.anyMatch(frame -> frame.getClassName().endsWith(endOfClass)
                        && frame.getMethodName().equals(name)));
    }

    private static String nameOf(StackWalker.StackFrame frame) {
        String className = frame.getClassName();
        return className.substring(className.lastIndexOf('.') + 1) + "." + frame.getMethodName();
    }
}
