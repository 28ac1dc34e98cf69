package io.catena.agent.control;

/**
 * One thing that can be asked of the control API.
 *
 * @param pattern the path; a part in braces stands for any one part: {@code /v1/srs/{sr}/stat}
 * @param operationId its name in {@code openapi.yaml}; no other route has it
 * @param role the least role that may ask it over the network
 * @param status the HTTP status of success over the network; over the Unix socket it is always 200
 * @param takesBytes whether the request's body is of no concern to the control API; such a route is not served over the
 *     network
 * @param takesUpload whether the request's body is a stream that the route reads itself
 */
public record Route(
        String method,
        String pattern,
        String operationId,
        Role role,
        int status,
        Action action,
        boolean takesBytes,
        boolean takesUpload) {
    /** The status of an answer that is a new thing. */
    public static final int CREATED = 201;

    /** The status of an answer that is a job. */
    public static final int ACCEPTED = 202;

    private static final int OK = 200;

    /** A route that changes nothing, and that all who may see SRs may ask. */
    public static Route get(String operationId, String pattern, Action action) {
        return new Route("GET", pattern, operationId, Role.VIEWER, OK, action, false, false);
    }

    /** A route for operators that takes a JSON object, or nothing. */
    public static Route post(String operationId, String pattern, Action action) {
        return new Route("POST", pattern, operationId, Role.OPERATOR, OK, action, false, false);
    }

    /** A route of another method, for operators, that takes a JSON object, or nothing. */
    public static Route of(String method, String operationId, String pattern, Action action) {
        return new Route(method, pattern, operationId, Role.OPERATOR, OK, action, false, false);
    }

    /** A route that takes any bytes. */
    public static Route ofBytes(String operationId, String pattern, Action action) {
        return new Route("POST", pattern, operationId, Role.ADMIN, OK, action, true, false);
    }

    /** A route for operators that reads the request's body as it comes, see {@link Call#upload}. */
    public static Route ofUpload(String operationId, String pattern, Action action) {
        return new Route("PUT", pattern, operationId, Role.OPERATOR, OK, action, false, true);
    }

    /** Returns this for callers of at least another role. */
    public Route by(Role least) {
        return new Route(method, pattern, operationId, least, status, action, takesBytes, takesUpload);
    }

    /** Returns this with another status of success. */
    public Route answering(int otherStatus) {
        return new Route(method, pattern, operationId, role, otherStatus, action, takesBytes, takesUpload);
    }

    /** Returns this doing something else. */
    public Route acting(Action otherAction) {
        return new Route(method, pattern, operationId, role, status, otherAction, takesBytes, takesUpload);
    }

    /** Answers a request with a value that is sent as JSON, or with bytes that are sent as they are. */
    @FunctionalInterface
    public interface Action {
        Object answer(Call call);
    }
}
