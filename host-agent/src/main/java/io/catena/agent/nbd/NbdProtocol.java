package io.catena.agent.nbd;

/** The numbers of the protocol. */
final class NbdProtocol {
    /** First 8 bytes of the server's greeting: "NBDMAGIC". */
    static final long GREETING_MAGIC = 0x4e42444d41474943L;

    /** Starts an option, and ends the greeting: "IHAVEOPT". */
    static final long OPTION_MAGIC = 0x49484156454f5054L;

    static final long OPTION_REPLY_MAGIC = 0x0003e889045565a9L;
    static final int REQUEST_MAGIC = 0x25609513;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;

    /** Option: magic, option (32 bits), length of its data (32 bits). */
    static final int OPTION_HEADER_BYTES = 16;

    /** Request: magic, flags (16 bits), command (16 bits), cookie (64 bits), offset (64 bits), length (32 bits). */
    static final int REQUEST_BYTES = 28;

    /** Reply: magic, error (32 bits), cookie (64 bits). */
    static final int SIMPLE_REPLY_BYTES = 16;

    // Handshake flags; the client answers with the same bits.
    static final int FIXED_NEWSTYLE = 1;
    static final int NO_ZEROES = 1 << 1;

    /** What EXPORT_NAME's answer ends with, unless both sides said NO_ZEROES. */
    static final int EXPORT_NAME_ZEROES = 124;

    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;

    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_ERR_UNSUP = 0x80000001;
    static final int REP_ERR_POLICY = 0x80000002;
    static final int REP_ERR_INVALID = 0x80000003;
    static final int REP_ERR_UNKNOWN = 0x80000006;
    static final int REP_ERR_TOO_BIG = 0x80000009;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_DESCRIPTION = 2;
    static final int INFO_BLOCK_SIZE = 3;

    // Transmission flags: what an export can do.
    static final int HAS_FLAGS = 1;
    static final int READ_ONLY = 1 << 1;
    static final int SEND_FLUSH = 1 << 2;
    static final int SEND_FUA = 1 << 3;

    /** A flush on one connection covers the answered writes of all connections. */
    static final int CAN_MULTI_CONN = 1 << 8;

    /** Command flag: answer a write only when it is durable. Allowed, and without meaning, on other commands. */
    static final int CMD_FLAG_FUA = 1;

    static final int MINIMUM_BLOCK_BYTES = 512;
    static final int PREFERRED_BLOCK_BYTES = 4096;
    static final int MAXIMUM_PAYLOAD_BYTES = 32 << 20;

    /** The longest string the protocol allows. */
    static final int MAXIMUM_NAME_BYTES = 4096;

    private NbdProtocol() {}
}
