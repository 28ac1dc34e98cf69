package io.catena.agent.cli.text;

import io.catena.api.SrLimits;
import io.catena.api.SrQuotas;
import java.util.TreeMap;

/** Shows what an SR has promised to whom, and what it may. */
public final class QuotaText {
    private QuotaText() {}

    public static String of(SrQuotas quotas, Screen screen) {
        Table table = new Table("OWNER", ">DISKS", ">SIZE", ">SNAPSHOTS");
        new TreeMap<>(quotas.owners()).forEach((owner, usage) -> {
            SrLimits.Quota quota = quotas.limits().owners().getOrDefault(owner, SrLimits.Quota.NONE);
            table.row(
                    owner.isEmpty() ? "(nobody)" : owner,
                    ofMost(Integer.toString(usage.vdis()), quota.vdis(), Integer.toString(quota.vdis())),
                    ofMost(Size.format(usage.virtualBytes()), quota.virtualBytes(), Size.format(quota.virtualBytes())),
                    ofMost(
                            Integer.toString(usage.snapshots()),
                            quota.snapshots(),
                            Integer.toString(quota.snapshots())));
        });
        return new Facts()
                        .add("size", Size.format(quotas.capacityBytes()))
                        .add("free", freeText(quotas))
                        .add("promised", promisedText(quotas))
                        .add("snapshots", snapshotsText(quotas.limits()))
                        .toString()
                + table.on(screen);
    }

    private static String freeText(SrQuotas quotas) {
        long least = quotas.limits().minFreeBytes();
        return Size.format(quotas.freeBytes()) + (least == 0 ? "" : "; nothing is made below " + Size.format(least));
    }

    private static String promisedText(SrQuotas quotas) {
        int most = quotas.limits().oversubscriptionPercent();
        long percent = Math.round(100.0 * quotas.virtualBytes() / Math.max(1, quotas.capacityBytes()));
        return Size.format(quotas.virtualBytes()) + ", " + percent + " %"
                + (most == 0 ? "" : " of at most " + most + " %");
    }

    private static String snapshotsText(SrLimits limits) {
        return limits.snapshotsPerVdi() == 0 ? "no limit" : "at most " + limits.snapshotsPerVdi() + " of a disk";
    }

    private static String ofMost(String now, long limit, String most) {
        return limit == 0 ? now : now + " of " + most;
    }
}
