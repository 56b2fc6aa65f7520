namespace DomainGuard.Web.Features.Triage;

/// <summary>A domain of the list, as it is on the screen.</summary>
internal sealed class QueueGroup(CaseGroup group)
{
    public CaseGroup Group { get; private set; } = group;

    public bool CanExpand { get; init; }

    public bool IsExpanded { get; set; }

    /// <summary>Its cases; null until they are asked for.</summary>
    public List<CaseRow>? Cases { get; set; }

    /// <summary>Nothing of it matches any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>It was closed by somebody else since it was listed: greyed until the list is read again.</summary>
    public bool IsStale { get; private set; }

    /// <summary>What a colleague did to it since it was listed.</summary>
    public string? ChangedBy { get; set; }

    /// <summary>The facts of its cases are the same, as far as they are known here: one decision can go to all of them.</summary>
    public bool IsAlike => Cases is { Count: > 0 } cases ? cases.Select(c => (c.State, c.IsUnverified, c.Situation, c.HandChange)).Distinct().Count() == 1 : Group.IsAlike;

    public IReadOnlyList<CaseRow> Rows => CanExpand ? Cases ?? [Group.Head] : [Group.Head];

    /// <summary>Puts a newer reading of a case in its place; true when it is one of these and differs.</summary>
    public bool Replace(CaseRow row)
    {
        var differs = false;
        if (Group.Head.Id == row.Id)
        {
            differs = Group.Head.Version != row.Version;
            IsStale = differs ? Group.Head.IsOpen && !row.IsOpen : IsStale;
            Group = Group with { Head = row };
        }

        if (Cases?.FindIndex(c => c.Id == row.Id) is { } at and >= 0)
        {
            differs |= Cases[at].Version != row.Version;
            Cases[at] = row;
        }

        return differs;
    }

    /// <summary>Takes out what was decided here.</summary>
    public void Remove(HashSet<long> decided, Dictionary<long, CaseRow> now)
    {
        var mine = Rows.Where(r => decided.Contains(r.Id)).ToList();
        if (mine.Count == 0)
        {
            return;
        }

        Cases?.RemoveAll(c => decided.Contains(c.Id));
        var left = Group.Count - mine.Count;
        if (left <= 0 || (CanExpand && Cases is { Count: 0 }))
        {
            Group = Group with { Head = now.GetValueOrDefault(Group.Head.Id, Group.Head) };
            IsGone = true;
            return;
        }

        Group = Group with { Count = left, Head = decided.Contains(Group.Head.Id) && Cases is { Count: > 0 } cases ? cases[0] : Group.Head };
    }
}
