package io.catena.remedy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What to do about something: words, with the calls that they speak of. */
public record Advice(List<Part> parts) {
    public Advice {
        parts = List.copyOf(parts);
    }

    /** A piece of a sentence. */
    public sealed interface Part permits Words, Remedy {}

    /** Words that are the same on every face. */
    public record Words(String text) implements Part {}

    public static Advice of(String words) {
        return new Advice(List.of(new Words(words)));
    }

    public static Advice of(Remedy remedy) {
        return new Advice(List.of(remedy));
    }

    public Advice then(String words) {
        return then(new Words(words));
    }

    public Advice then(Remedy remedy) {
        return then((Part) remedy);
    }

    public Advice then(Advice next) {
        List<Part> all = new ArrayList<>(parts);
        all.addAll(next.parts);
        return new Advice(all);
    }

    private Advice then(Part part) {
        return then(new Advice(List.of(part)));
    }

    /** Returns the text; {@code face} says a call as its users make it. */
    public String text(Function<Remedy, String> face) {
        return parts.stream()
                .map(part -> part instanceof Remedy remedy ? face.apply(remedy) : ((Words) part).text())
                .collect(Collectors.joining());
    }

    /** Returns the calls, in their order. */
    public List<Remedy> remedies() {
        return parts.stream()
                .filter(Remedy.class::isInstance)
                .map(Remedy.class::cast)
                .toList();
    }

    /** For logs. */
    @Override
    public String toString() {
        return text(Remedy::toString);
    }
}
