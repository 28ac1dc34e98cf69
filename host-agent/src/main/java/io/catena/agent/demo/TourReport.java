package io.catena.agent.demo;

import io.catena.api.Job;
import io.catena.api.TreeNode;
import java.util.List;

/** Who is told how a tour goes. All methods are called by the tour's thread. */
public interface TourReport {
    /**
     * A step begins.
     *
     * @param explanation one sentence
     * @param command what a user would type for it, without the program's name; empty if it is no command's work
     */
    void step(String title, String explanation, String command);

    /**
     * Something was found out.
     *
     * @param name for programs, with its unit
     * @param value a number, a boolean or a string
     * @param text for humans
     */
    void fact(String name, Object value, String text);

    /**
     * A check passed. One that does not is the end of the tour.
     *
     * @param name for programs
     * @param text for humans
     */
    void passed(String name, String text);

    /** This is how the disks build on each other now. */
    void tree(List<TreeNode> roots);

    /** A job is this far. */
    void progress(Job job);
}
