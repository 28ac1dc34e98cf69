package io.catena.check.finding;

import io.catena.remedy.Advice;

/**
 * One thing that a check found in a file.
 *
 * @param code what it is
 * @param severity how bad it is
 * @param offset where in the file it stands, in bytes
 * @param found what stands there
 * @param expected what should stand there
 * @param advice what to do about it
 */
public record Finding(Code code, Severity severity, long offset, String found, String expected, Advice advice) {}
