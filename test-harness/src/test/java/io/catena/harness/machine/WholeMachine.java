package io.catena.harness.machine;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The tests of this class count or name what a machine has only once (block devices, guests, the file systems that are mounted), or
 * measure what a second class like it would spoil. Of such classes one runs at a time, beside one of the others.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface WholeMachine {}
