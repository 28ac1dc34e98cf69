package io.catena.agent.nbd.wire;

/** The numbers of the protocol. */
public final class NbdProtocol {
    /** First 8 bytes of the server's greeting: "NBDMAGIC". */
    public static final long GREETING_MAGIC = 0x4e42444d41474943L;

    /** Starts an option, and ends the greeting: "IHAVEOPT". */
    public static final long OPTION_MAGIC = 0x49484156454f5054L;

    public static final long OPTION_REPLY_MAGIC = 0x0003e889045565a9L;
    public static final int REQUEST_MAGIC = 0x25609513;
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

    /** Option: magic, option (32 bits), length of its data (32 bits). */
    public static final int OPTION_HEADER_BYTES = 16;

    /** Request: magic, flags (16 bits), command (16 bits), cookie (64 bits), offset (64 bits), length (32 bits). */
    public static final int REQUEST_BYTES = 28;

    /** Reply: magic, error (32 bits), cookie (64 bits). */
    public static final int SIMPLE_REPLY_BYTES = 16;

    /** Chunk: magic, flags (16 bits), type (16 bits), cookie (64 bits), length of what follows (32 bits). */
    public static final int CHUNK_HEADER_BYTES = 20;

    /** Flag of the last chunk of a structured reply. */
    public static final int CHUNK_DONE = 1;

    // Types of chunks.
    public static final int CHUNK_NONE = 0;
    public static final int CHUNK_OFFSET_DATA = 1;
    public static final int CHUNK_BLOCK_STATUS = 5;
    public static final int CHUNK_ERROR = (1 << 15) + 1;

    // Handshake flags; the client answers with the same bits.
    public static final int FIXED_NEWSTYLE = 1;
    public static final int NO_ZEROES = 1 << 1;

    /** What EXPORT_NAME's answer ends with, unless both sides said NO_ZEROES. */
    public static final int EXPORT_NAME_ZEROES = 124;

    public static final int OPT_EXPORT_NAME = 1;
    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_INFO = 6;
    public static final int OPT_GO = 7;
    public static final int OPT_STRUCTURED_REPLY = 8;
    public static final int OPT_LIST_META_CONTEXT = 9;
    public static final int OPT_SET_META_CONTEXT = 10;

    public static final int REP_ACK = 1;
    public static final int REP_SERVER = 2;
    public static final int REP_INFO = 3;
    public static final int REP_META_CONTEXT = 4;
    public static final int REP_ERR_UNSUP = 0x80000001;
    public static final int REP_ERR_POLICY = 0x80000002;
    public static final int REP_ERR_INVALID = 0x80000003;
    public static final int REP_ERR_TLS_REQD = 0x80000005;
    public static final int REP_ERR_UNKNOWN = 0x80000006;
    public static final int REP_ERR_TOO_BIG = 0x80000009;

    public static final int INFO_EXPORT = 0;
    public static final int INFO_NAME = 1;
    public static final int INFO_DESCRIPTION = 2;
    public static final int INFO_BLOCK_SIZE = 3;

    // Transmission flags: what an export can do.
    public static final int HAS_FLAGS = 1;
    public static final int READ_ONLY = 1 << 1;
    public static final int SEND_FLUSH = 1 << 2;
    public static final int SEND_FUA = 1 << 3;

    public static final int SEND_TRIM = 1 << 5;
    public static final int SEND_WRITE_ZEROES = 1 << 6;

    /** Only between those who use structured replies. */
    public static final int SEND_DF = 1 << 7;

    /** A flush on one connection covers the answered writes of all connections. */
    public static final int CAN_MULTI_CONN = 1 << 8;

    public static final int SEND_CACHE = 1 << 10;
    public static final int SEND_FAST_ZERO = 1 << 11;

    /** Command flag: answer a write only when it is durable. Allowed, and without meaning, on other commands. */
    public static final int CMD_FLAG_FUA = 1;

    /** Command flag of WRITE_ZEROES: keep the space. */
    public static final int CMD_FLAG_NO_HOLE = 1 << 1;

    /** Command flag of READ: answer in one chunk. */
    public static final int CMD_FLAG_DF = 1 << 2;

    /** Command flag of BLOCK_STATUS: tell of one extent. */
    public static final int CMD_FLAG_REQ_ONE = 1 << 3;

    /** Command flag of WRITE_ZEROES: refuse rather than be as slow as a write. */
    public static final int CMD_FLAG_FAST_ZERO = 1 << 4;

    /** The metadata context that tells data from holes. */
    public static final String BASE_ALLOCATION = "base:allocation";

    // What base:allocation tells of an extent; 0 is data.
    public static final int STATE_HOLE = 1;
    public static final int STATE_ZERO = 1 << 1;

    public static final int MINIMUM_BLOCK_BYTES = 512;
    public static final int PREFERRED_BLOCK_BYTES = 4096;
    public static final int MAXIMUM_PAYLOAD_BYTES = 32 << 20;

    /** The longest string the protocol allows. */
    static final int MAXIMUM_NAME_BYTES = 4096;

    private NbdProtocol() {}
}
