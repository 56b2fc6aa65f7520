namespace DomainGuard.Core.Scheduling;

/// <summary>The verdict of a scan, a portion or a lane by its share of answered look-ups (product section 6).</summary>
public static class ScanSum
{
    private const int CompleteFrom = 98;
    private const int PartialFrom = 90;
    private const int LaneCountsFrom = 10;

    /// <summary>
    /// Complete from 98 % answered, Partial from 90 %, else Void. Null when nothing was looked up: whether that is <see cref="ScanResult.Void"/> depends on
    /// whether anything was due, which the caller knows.
    /// </summary>
    /// <param name="done">Look-ups made.</param>
    /// <param name="answered">Of these, answered.</param>
    public static ScanResult? Of(int done, int answered) =>
        done <= 0 ? null
        : HasShare(done, answered, CompleteFrom) ? ScanResult.Complete
        : HasShare(done, answered, PartialFrom) ? ScanResult.Partial
        : ScanResult.Void;

    /// <summary>A lane with at least 10 look-ups of which less than 90 % were answered: neither its failures nor its negative answers change a decision.</summary>
    /// <param name="done">Look-ups made in the lane.</param>
    /// <param name="answered">Of these, answered.</param>
    public static bool LaneIsVoid(int done, int answered) => done >= LaneCountsFrom && !HasShare(done, answered, PartialFrom);

    private static bool HasShare(int done, int answered, int percent) => (long)answered * 100 >= (long)done * percent;
}
