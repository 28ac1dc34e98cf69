package io.catena.agent.remedy;

import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.Map;

/** Calls as XAPI's users make them: with xe, and on the host what XAPI has no word for. */
public final class XapiWords {
    /** In braces stand arguments; a call without one of them is told as a command on the host. */
    private static final Map<Verb, String> XE = Map.ofEntries(
            Map.entry(Verb.SR_DETACH, "xe pbd-unplug, for each PBD of xe pbd-list sr-uuid={sr}"),
            Map.entry(Verb.SR_LS, "xe sr-list"),
            Map.entry(Verb.VDI_ATTACH, "xe vbd-plug, for a VBD of xe vbd-list vdi-uuid={vdi}"),
            Map.entry(Verb.VDI_CLONE, "xe vdi-clone uuid={vdi}"),
            Map.entry(Verb.VDI_COPY, "xe vdi-copy uuid={vdi} sr-uuid=SR"),
            Map.entry(Verb.VDI_DEACTIVATE, "xe vbd-unplug, for each VBD of xe vbd-list vdi-uuid={vdi}"),
            Map.entry(Verb.VDI_DESTROY, "xe vdi-destroy uuid={vdi}"),
            Map.entry(Verb.VDI_DETACH, "xe vbd-unplug, for each VBD of xe vbd-list vdi-uuid={vdi}"),
            Map.entry(Verb.VDI_LS, "xe vdi-list sr-uuid={sr}"),
            Map.entry(Verb.VDI_RESIZE, "xe vdi-resize uuid={vdi} disk-size={size}"),
            Map.entry(Verb.VDI_SNAPSHOT, "xe vdi-snapshot uuid={vdi}"));

    private XapiWords() {}

    public static String of(Advice advice) {
        return advice.text(XapiWords::of);
    }

    public static String of(Remedy remedy) {
        String line = XE.get(remedy.verb());
        if (line == null) {
            return ApiWords.onHost(remedy);
        }
        for (Map.Entry<String, String> argument : remedy.arguments().entrySet()) {
            line = line.replace("{" + argument.getKey() + "}", argument.getValue());
        }
        boolean saysAll = !line.contains("{")
                && remedy.verb().subjects().containsAll(remedy.arguments().keySet());
        return saysAll ? line : ApiWords.onHost(remedy);
    }
}
