package io.catena.harness.explore;

import java.util.function.Predicate;
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

    /** Returns the site of the call that is being made by this thread. */
    public static CallSite current() {
        return StackWalker.getInstance()
                .walk(frames -> frames.filter(
                                frame -> DRIVER.matcher(frame.getClassName()).matches())
                        .findFirst()
                        .map(frame -> new CallSite(nameOf(frame), frame.getByteCodeIndex()))
                        .orElseThrow(() -> new IllegalStateException("the driver did not make this call")));
    }

    /** Whether this thread is inside a method, named as "Journal.record". */
    public static boolean isInside(String method) {
        Predicate<StackWalker.StackFrame> wanted = frame -> nameOf(frame).equals(method);
        return StackWalker.getInstance().walk(frames -> frames.anyMatch(wanted));
    }

    private static String nameOf(StackWalker.StackFrame frame) {
        String className = frame.getClassName();
        return className.substring(className.lastIndexOf('.') + 1) + "." + frame.getMethodName();
    }
}
