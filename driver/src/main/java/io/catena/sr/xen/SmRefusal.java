package io.catena.sr.xen;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;

/** The error for what XenServer's storage manager left behind and its rules do not explain. */
final class SmRefusal {
    private SmRefusal() {}

    /** Returns the error that refuses an attach since {@code found}, a sentence without its period, contradicts sm's rules. */
    static SrException of(String found, Advice correction) {
        return new SrException(
                        SrError.SR_UNAVAILABLE,
                        "XenServer's storage manager did not finish its work here, and it cannot be finished or undone"
                                + " without a guess: " + found)
                .correction(correction
                        .then(". Work on a copy of the directory; this shows all that is left: ")
                        .then(Remedy.of(Verb.SR_PROBE)));
    }
}
