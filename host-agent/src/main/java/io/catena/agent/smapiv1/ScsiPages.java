package io.catena.agent.smapiv1;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a guest's driver tells of a disk when it is asked as a SCSI disk is: the serial number and the identification page. */
final class ScsiPages {
    private static final int SERIAL_CHARACTERS = 16;
    private static final byte[] SERIAL_HEAD = {0, (byte) 0x80, 0, 0x12};
    private static final byte[] IDENTIFICATION_HEAD = {0, (byte) 0x83, 0, 0x31, 2, 1, 0, 0x2d};

    private ScsiPages() {}

    /** Returns the keys for xenstore of a disk. */
    static Map<String, String> of(String uuid) {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("vdi-uuid", uuid);
        data.put("scsi/0x12/0x80", page(SERIAL_HEAD, uuid.substring(0, SERIAL_CHARACTERS) + "  "));
        data.put("scsi/0x12/0x83", page(IDENTIFICATION_HEAD, "XENSRC  " + uuid + " "));
        return data;
    }

    private static String page(byte[] head, String text) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        page.writeBytes(head);
        page.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        return Base64.getEncoder().encodeToString(page.toByteArray());
    }
}
