package io.catena.api;

/** What an SR may promise. */
public interface SrAdmission {
    /** Returns what the SR may promise, and has promised. Waits for nothing. */
    SrQuotas quotas();

    /**
     * Makes sure that a disk would be made now; promises nothing.
     *
     * @param owner empty for nobody
     * @throws SrException {@link SrError#OVERSUBSCRIBED}, {@link SrError#QUOTA_EXCEEDED} or {@link SrError#SR_NO_SPACE}, with
     *     what there is, what is allowed and what to do
     */
    void admit(long sizeBytes, String owner);

    /**
     * Makes sure that something would be done now, by all the checks that it would have to pass; changes and promises nothing.
     *
     * @throws SrException as it would be refused
     */
    void admit(VdiDemand demand);
}
