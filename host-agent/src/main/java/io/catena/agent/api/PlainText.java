package io.catena.agent.api;

/** An answer that is no JSON. */
public record PlainText(String contentType, String text) {}
