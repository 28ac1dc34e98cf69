package io.catena.harness.machine;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The tests of this class or package run beside any other class of tests: they work in their own process and directories, and neither
 * count nor name what a machine has only once (loop devices, mounts, guests, the user's agent).
 */
@Target({ElementType.PACKAGE, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface SharesMachine {}
