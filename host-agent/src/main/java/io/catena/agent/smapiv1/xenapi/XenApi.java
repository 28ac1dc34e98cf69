package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.control.client.UnixHttp;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * XAPI at its Unix socket, within a session: one that XAPI has made for a call of a driver, or the agent's own.
 *
 * <p><b>Errors.</b> All methods throw {@link XenApiException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class XenApi {
    /** Where XAPI listens. */
    public static final Path SOCKET = Path.of("/var/lib/xcp/xapi");

    private static final Logger LOG = Logger.getLogger(XenApi.class.getName());
    private static final int MAX_ANSWER_BYTES = 256 << 20;

    private final UnixHttp http;
    private final String session;

    /**
     * @param session the session's reference
     * @param patience how long an answer may take
     */
    public XenApi(Path socket, String session, Duration patience) {
        http = new UnixHttp(socket, patience, MAX_ANSWER_BYTES);
        this.session = session;
    }

    /**
     * Opens a session of the agent's own, to be ended by {@link #logout}. At its Unix socket XAPI lets root in without a password.
     */
    public static XenApi login(Path socket, Duration patience) {
        List<XmlRpcValue> root =
                Stream.of("root", "", "1.0", "Catena").map(XmlRpcValue::of).toList();
        String session = new XenApi(socket, "", patience)
                .ask("session.login_with_password", root)
                .asText();
        return new XenApi(socket, session, patience);
    }

    /** Ends the session; a failure is left to XAPI, which ends sessions that are not used. */
    public void logout() {
        try {
            XmlRpcValue unused = ask("session.logout", List.of(XmlRpcValue.of(session)));
        } catch (XenApiException e) {
            LOG.log(Level.FINE, LogLine.of("xapi-session-not-ended"), e);
        }
    }

    /** Calls a method; the session is its first argument. */
    public XmlRpcValue call(String method, XmlRpcValue... arguments) {
        List<XmlRpcValue> params = new ArrayList<>();
        params.add(XmlRpcValue.of(session));
        params.addAll(List.of(arguments));
        return ask(method, params);
    }

    private XmlRpcValue ask(String method, List<XmlRpcValue> params) {
        try {
            UnixHttp.Answer answer = http.ask("POST", "/", "text/xml", new XmlRpcCall(method, params).write());
            if (answer.status() != 200) {
                throw new IOException("XAPI answered with HTTP " + answer.status());
            }
            byte[] body = new byte[answer.body().remaining()];
            answer.body().get(body);
            return result(method, XmlRpcAnswer.read(body));
        } catch (IOException | XmlRpcException e) {
            throw new XenApiException(method, e);
        }
    }

    /** As {@link #call(String, XmlRpcValue...)}, with strings. */
    public XmlRpcValue call(String method, String... arguments) {
        XmlRpcValue[] values = new XmlRpcValue[arguments.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = XmlRpcValue.of(arguments[i]);
        }
        return call(method, values);
    }

    private static XmlRpcValue result(String method, XmlRpcAnswer answer) throws IOException {
        if (answer.isFault()) {
            throw new IOException("XAPI answered with the fault " + answer.faultCode() + ", " + answer.faultText());
        }
        Map<String, XmlRpcValue> members = answer.value().asStruct();
        XmlRpcValue status = members.get("Status");
        XmlRpcValue value = members.get("Value");
        XmlRpcValue error = members.get("ErrorDescription");
        if (status != null && status.asText().equals("Success")) {
            return value == null ? XmlRpcValue.nil() : value;
        }
        if (error != null && !error.asTexts().isEmpty()) {
            throw new XenApiException(method, error.asTexts());
        }
        throw new IOException("XAPI's answer has neither a value nor an error");
    }
}
