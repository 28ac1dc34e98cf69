package io.catena.agent.api;

import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;

/** Headers that all answers have. */
final class ApiHeaders {
    private static final String POLICY =
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private ApiHeaders() {}

    /**
     * @param request the id of the request
     */
    static void common(Response response, String request) {
        HttpFields.Mutable headers = response.getHeaders();
        headers.put("X-Request-Id", request);
        headers.put("Content-Security-Policy", POLICY);
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Referrer-Policy", "no-referrer");
        headers.put("Strict-Transport-Security", "max-age=31536000");
        headers.put(HttpHeader.CACHE_CONTROL, "no-store");
    }
}
