namespace DomainGuard.Data.Policies;

/// <summary>One version of the policy; never changed once written. The one with the highest number is in force.</summary>
public sealed class PolicyVersion
{
    /// <summary>Its number, from 1 without gaps. Key: of two that save at once only one succeeds.</summary>
    public int Version { get; set; }

    /// <summary>The policy (<c>GuardPolicy.ToJson</c>), at most 16,000 characters.</summary>
    public required string Json { get; set; }

    /// <summary>Since when it is in force (UTC).</summary>
    public DateTimeOffset SavedAt { get; set; }

    /// <summary>The member of staff who saved it; null for the one that the installation began with.</summary>
    public Guid? SavedBy { get; set; }

    /// <summary>Why, in words, at most 2,000 characters.</summary>
    public string? Comment { get; set; }
}
