package io.catena.api;

/**
 * Why a node cannot be used.
 *
 * @param file the node's file, relative to the SR's directory
 * @param problem what is wrong, as a sentence
 */
public record NodeProblem(String file, String problem) {}
