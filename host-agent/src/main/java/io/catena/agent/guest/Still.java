package io.catena.agent.guest;

import io.catena.agent.guest.GuestSnapshot.Consistency;

/**
 * What was done while guests held their file systems still, or were to.
 *
 * @param reason why it is consistent to this degree
 */
public record Still<T>(T result, Consistency consistency, String reason) {}
