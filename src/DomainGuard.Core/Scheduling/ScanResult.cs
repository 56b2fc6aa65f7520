namespace DomainGuard.Core.Scheduling;

/// <summary>Verdict of a scan by its share of answered look-ups (product section 6). Stored: never renumber.</summary>
public enum ScanResult
{
    /// <summary>98 % or more answered.</summary>
    Complete = 0,

    /// <summary>90 % or more.</summary>
    Partial = 1,

    /// <summary>Less, or nothing was looked up although something was due: changes nothing but the times tried and due.</summary>
    Void = 2,
}
