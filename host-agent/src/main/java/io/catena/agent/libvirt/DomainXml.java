package io.catena.agent.libvirt;

import io.catena.agent.guest.Guest;
import io.catena.agent.guest.GuestDisk;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Reads what a libvirt domain's description says of its disks.
 *
 * <p>Source: <a href="https://libvirt.org/formatdomain.html">formatdomain</a>. The notes are an element of ours within
 * {@code metadata}: {@code <catena:vdis xmlns:catena="urn:io.catena:libvirt"><catena:vdi id="UUID"/>...</catena:vdis>}.
 */
final class DomainXml {
    static final String NAMESPACE = "urn:io.catena:libvirt";

    private static final String DISALLOW_DOCTYPE = "http://apache.org/xml/features/disallow-doctype-decl";

    private DomainXml() {}

    /**
     * Reads the description of a running domain.
     *
     * @param nbdSocket where this agent serves: other disks are none of ours
     * @throws SrException {@link SrError#IO_ERROR} if it is not one
     */
    static Guest guest(String xml, Guest.State state, Path nbdSocket) {
        Element domain = parse(xml).getDocumentElement();
        List<GuestDisk> disks = new ArrayList<>();
        Set<String> targets = new HashSet<>();
        for (Element disk : elements(domain.getElementsByTagName("disk"))) {
            String target = attribute(disk, "target", "dev");
            targets.add(target);
            ours(disk, nbdSocket).ifPresent(vdi -> disks.add(new GuestDisk(vdi, target, mode(disk))));
        }
        return new Guest(
                text(domain, "name"), UUID.fromString(text(domain, "uuid")), state, disks, targets, notes(domain));
    }

    /** Writes the notes of a domain. */
    static String notes(Set<VdiId> vdis) {
        StringBuilder xml = new StringBuilder("<vdis>");
        vdis.forEach(vdi -> xml.append("<vdi id='").append(vdi).append("'/>"));
        return xml.append("</vdis>").toString();
    }

    /** Returns the VDI whose id {@code text} is. */
    static Optional<VdiId> vdi(String text) {
        return Uuids.isUuid(text) ? Optional.of(VdiId.parse(text)) : Optional.empty();
    }

    private static Set<VdiId> notes(Element domain) {
        Set<VdiId> noted = new HashSet<>();
        for (Element note : elements(domain.getElementsByTagNameNS(NAMESPACE, "vdi"))) {
            vdi(note.getAttribute("id")).ifPresent(noted::add);
        }
        return noted;
    }

    private static Optional<VdiId> ours(Element disk, Path nbdSocket) {
        boolean served = attribute(disk, "source", "protocol").equals("nbd")
                && attribute(disk, "host", "socket").equals(nbdSocket.toString());
        return served ? vdi(attribute(disk, "source", "name")) : Optional.empty();
    }

    private static AccessMode mode(Element disk) {
        return child(disk, "readonly").isPresent() ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
    }

    private static String attribute(Element parent, String element, String attribute) {
        return child(parent, element)
                .map(child -> child.getAttribute(attribute))
                .orElse("");
    }

    private static String text(Element parent, String element) {
        return child(parent, element).map(Element::getTextContent).orElse("");
    }

    private static Optional<Element> child(Element parent, String name) {
        return elements(parent.getElementsByTagName(name)).stream().findFirst();
    }

    private static List<Element> elements(NodeList nodes) {
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element element) {
                elements.add(element);
            }
        }
        return elements;
    }

    private static Document parse(String xml) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature(DISALLOW_DOCTYPE, true);
            factory.setNamespaceAware(true);
            return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw new SrException(
                    SrError.IO_ERROR, "libvirt describes a guest in a way that cannot be read: " + e.getMessage(), e);
        }
    }
}
