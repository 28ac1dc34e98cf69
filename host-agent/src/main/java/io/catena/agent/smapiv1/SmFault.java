package io.catena.agent.smapiv1;

import io.catena.agent.remedy.XapiWords;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import java.util.Map;

/** A failure as XAPI gets it from a driver: a number, its text, and in brackets what happened in particular. */
final class SmFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What a driver answers if XAPI refuses what the driver asks of it meanwhile; any other command: {@link SmError#GENERAL}. */
    private static final Map<String, SmError> OF_COMMANDS = Map.ofEntries(
            Map.entry("sr_scan", SmError.SR_SCAN),
            Map.entry("vdi_create", SmError.VDI_CREATE),
            Map.entry("vdi_delete", SmError.VDI_DELETE),
            Map.entry("vdi_attach", SmError.VDI_UNAVAILABLE),
            Map.entry("vdi_detach", SmError.VDI_UNAVAILABLE),
            Map.entry("vdi_activate", SmError.VDI_UNAVAILABLE),
            Map.entry("vdi_deactivate", SmError.VDI_UNAVAILABLE),
            Map.entry("vdi_resize", SmError.VDI_RESIZE),
            Map.entry("vdi_resize_online", SmError.VDI_RESIZE),
            Map.entry("vdi_snapshot", SmError.VDI_SNAPSHOT),
            Map.entry("vdi_clone", SmError.VDI_CLONE));

    private final int number;

    /** What the driver writes to its standard error, for XAPI to hand on; empty for nothing. */
    private final String aside;

    private SmFault(int number, String text) {
        this(number, text, "");
    }

    private SmFault(int number, String text, String aside) {
        super(text);
        this.number = number;
        this.aside = aside;
    }

    private SmFault(int number, String text, Throwable cause) {
        super(text, cause);
        this.number = number;
        aside = "";
    }

    static SmFault of(SmError error) {
        return new SmFault(error.number(), error.text());
    }

    /** A failure that comes with what could be said instead. */
    static SmFault withAside(SmError error, String aside) {
        return new SmFault(error.number(), error.text(), aside);
    }

    static SmFault of(SmError error, String detail) {
        return new SmFault(error.number(), text(error, detail));
    }

    static SmFault of(SmError error, String detail, Throwable cause) {
        return new SmFault(error.number(), text(error, detail), cause);
    }

    /** A failure that a Python driver has by accident, and XAPI's tests know by its text. */
    static SmFault python(String message) {
        return new SmFault(SmError.GENERIC.number(), message);
    }

    /** Encodes an entry of the error table. A disk that is not there is one that is not available, as with other drivers. */
    static SmFault of(SrException failure) {
        Advice advice = failure.advice();
        String detail = advice == null ? failure.detail() : failure.detail() + ". " + XapiWords.of(advice);
        SmError error = failure.error() == SrError.VDI_MISSING
                ? SmError.VDI_UNAVAILABLE
                : SmError.of(failure.error().number());
        return of(error, detail, failure);
    }

    /** Encodes that XAPI refused something, or did not answer. */
    static SmFault of(String command, XenApiException failure) {
        SmError error =
                failure.isUnanswered() ? SmError.API_PROTOCOL : OF_COMMANDS.getOrDefault(command, SmError.GENERAL);
        return of(error, String.valueOf(failure.getMessage()), failure);
    }

    String aside() {
        return aside;
    }

    int number() {
        return number;
    }

    XmlRpcAnswer toAnswer() {
        return XmlRpcAnswer.fault(number, String.valueOf(getMessage()));
    }

    private static String text(SmError error, String detail) {
        return error.text() + " [opterr=" + detail + "]";
    }
}
