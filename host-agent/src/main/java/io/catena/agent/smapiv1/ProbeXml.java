package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xmlrpc.XmlText;
import java.util.Collection;

/** What {@code sr_probe} tells: XML documents of their own, as the dialogs of Xen Orchestra and XenCenter read them. */
final class ProbeXml {
    private static final String HEAD = "<?xml version=\"1.0\" ?>\n";

    /** The dialogs offer 3 and 4. */
    private static final String NFS_VERSION = "4";

    private final StringBuilder out = new StringBuilder(HEAD);

    private ProbeXml() {}

    /**
     * Returns a document of SRs.
     *
     * @param versions whether to tell which versions of NFS there are
     */
    static String srs(Collection<String> uuids, boolean versions) {
        ProbeXml xml = new ProbeXml();
        xml.out.append("<SRlist>\n");
        for (String uuid : uuids) {
            xml.open("SR").element("UUID", uuid).close("SR");
        }
        if (versions) {
            xml.open("SupportedVersions").element("Version", NFS_VERSION).close("SupportedVersions");
        }
        return xml.out.append("</SRlist>\n").toString();
    }

    /** Returns a document of what a server offers. To whom is not known; the server tells when it is mounted. */
    static String exports(String server, Collection<String> paths) {
        ProbeXml xml = new ProbeXml();
        xml.out.append("<nfs-exports>\n");
        for (String path : paths) {
            xml.open("Export")
                    .element("Target", server)
                    .element("Path", path)
                    .element("Accesslist", "*")
                    .close("Export");
        }
        return xml.out.append("</nfs-exports>\n").toString();
    }

    private ProbeXml open(String name) {
        out.append("\t<").append(name).append(">\n");
        return this;
    }

    private void close(String name) {
        out.append("\t</").append(name).append(">\n");
    }

    private ProbeXml element(String name, String text) {
        out.append("\t\t<").append(name).append(">\n\t\t\t").append(XmlText.escaped(text));
        out.append("\n\t\t</").append(name).append(">\n");
        return this;
    }
}
