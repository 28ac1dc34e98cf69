package io.catena.agent.linux;

import com.sun.jna.Function;
import com.sun.jna.JNIEnv;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import java.io.FileDescriptor;
import java.nio.file.Path;
import java.util.Map;

/**
 * Tells the kernel's number of a file that Java has opened. A lock must sit on the description that Java writes through, and
 * Java gives its number to nobody.
 *
 * <p>The field is read by JNI, which needs no option of the command line, unlike reflection.
 *
 * <p>Source: the JNI specification, "Interface Function Table" and "The Invocation API".
 */
final class DescriptorNumber {
    private static final Map<String, Object> WITH_OBJECTS = Map.of(Library.OPTION_ALLOW_OBJECTS, true);
    private static final int JNI_VERSION_1_8 = 0x00010008;
    private static final int GET_ENV = 6;
    private static final int GET_FIELD_ID = 94;
    private static final int GET_INT_FIELD = 100;

    private static final Function GET_INT;
    private static final Pointer FIELD;

    static {
        Pointer functions = functions();
        GET_INT = function(functions, GET_INT_FIELD);
        FIELD = (Pointer) function(functions, GET_FIELD_ID)
                .invoke(Pointer.class, new Object[] {JNIEnv.CURRENT, FileDescriptor.class, "fd", "I"}, WITH_OBJECTS);
    }

    private DescriptorNumber() {}

    /** Returns the number; -1 if the file was closed. */
    static int of(FileDescriptor descriptor) {
        return (Integer) GET_INT.invoke(Integer.class, new Object[] {JNIEnv.CURRENT, descriptor, FIELD}, WITH_OBJECTS);
    }

    /** Returns the table of functions, which all threads share. */
    private static Pointer functions() {
        NativeLibrary jvm =
                NativeLibrary.getInstance(Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so")
                        .toString());
        PointerByReference machine = new PointerByReference();
        check(jvm.getFunction("JNI_GetCreatedJavaVMs").invokeInt(new Object[] {machine, 1, new IntByReference()}));
        PointerByReference environment = new PointerByReference();
        check(function(machine.getValue().getPointer(0), GET_ENV)
                .invokeInt(new Object[] {machine.getValue(), environment, JNI_VERSION_1_8}));
        return environment.getValue().getPointer(0);
    }

    private static Function function(Pointer table, int index) {
        return Function.getFunction(table.getPointer((long) index * Native.POINTER_SIZE));
    }

    private static void check(int error) {
        if (error != 0) {
            throw new IllegalStateException("the Java machine tells nothing of itself: error " + error);
        }
    }
}
