package io.catena.agent.config;

/**
 * What is wrong with a configuration file.
 *
 * @param line counted from 1; 0 if it is about the whole file
 */
public record ConfigProblem(int line, String text) {}
