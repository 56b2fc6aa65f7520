namespace DomainGuard.Data.Staff;

/// <summary>A view of the queue that a member of staff kept for himself. Nobody else sees it, and it goes with its owner.</summary>
public sealed class SavedView
{
    /// <summary>Key, from <see cref="IdAllocator.SavedView"/>: it stands in the URL and is given out once.</summary>
    public long Id { get; set; }

    /// <summary>Whose it is.</summary>
    public Guid UserId { get; set; }

    /// <summary>Its name as it was typed, in Unicode form C; 1 to 40 UTF-16 units.</summary>
    public required string Name { get; set; }

    /// <summary>The name in upper case (invariant): no two views of one person share it.</summary>
    public required string NameKey { get; set; }

    /// <summary>What the page is narrowed to, as the query of its URL without "?": "view=mine&amp;severity=Critical"; at most 1,000 characters.</summary>
    public required string Query { get; set; }
}
