package io.catena.tool;

/** The types of disk that can be made from nothing. */
public enum NewDiskType {
    DYNAMIC,
    FIXED
}
