package io.catena.agent.api.auth;

/** That nobody knows who asks, or that it was tried too often: 401 or 429. */
public final class NotLetIn extends Exception {
    private static final long serialVersionUID = 1;

    private final long secondsToWait;

    NotLetIn(String message, long secondsToWait) {
        super(message);
        this.secondsToWait = secondsToWait;
    }

    /** Returns how long the caller's address is not listened to; 0 if it only has to say who it is. */
    public long secondsToWait() {
        return secondsToWait;
    }
}
