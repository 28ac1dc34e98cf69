package io.catena.harness.sim;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * Runs a test, whose parameter is a long, with {@link #value} seeds. They are the same in every run, so that a build can be
 * repeated; {@code -Dseed=N} runs seed N alone, {@code -Dseeds=1000} runs more of them, and
 * {@code -Dseeds.skip=900} leaves out the first. A failure prints the command that repeats it.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "-Dseed={0}")
@ArgumentsSource(Seeds.Provider.class)
@ExtendWith(Seeds.Repeat.class)
public @interface Seeds {
    /** Returns with how many seeds the test runs. */
    int value();

    /** Prints the command that repeats a failure. */
    final class Repeat implements TestWatcher {
        @Override
        public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
            System.err.println("Repeat with: " + command(context));
        }

        private static String command(ExtensionContext context) {
            return "mvn verify -pl test-harness -am -Dtest="
                    + context.getRequiredTestClass().getSimpleName() + "#"
                    + context.getRequiredTestMethod().getName() + " " + context.getDisplayName()
                    + " -Dsurefire.failIfNoSpecifiedTests=false";
        }
    }

    /** The seeds. */
    final class Provider implements ArgumentsProvider, AnnotationConsumer<Seeds> {
        private int count;

        @Override
        public void accept(Seeds seeds) {
            count = Integer.getInteger("seeds", seeds.value());
        }

        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            Long one = Long.getLong("seed");
            if (one != null) {
                return Stream.of(Arguments.of(one));
            }
            return new Random(context.getRequiredTestMethod().getName().hashCode())
                    .longs(count, 0, Long.MAX_VALUE)
                    .skip(Integer.getInteger("seeds.skip", 0))
                    .mapToObj(Arguments::of);
        }
    }
}
