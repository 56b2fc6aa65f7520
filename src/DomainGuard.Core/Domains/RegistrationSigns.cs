namespace DomainGuard.Core.Domains;

/// <summary>What one RDAP record shows, together with the rule of its TLD and the zone.</summary>
[Flags]
internal enum RegistrationSigns
{
    None = 0,
    PendingRestore = 1 << 0,
    Redemption = 1 << 1,
    PendingDelete = 1 << 2,

    /// <summary>"pending delete" of a TLD where that is recoverable, and still within that time.</summary>
    StillRecoverable = 1 << 3,

    /// <summary>A "deletion" event of the last month and no status of its own, at AFNIC.</summary>
    LastDay = 1 << 4,

    /// <summary>"server hold" and "server renew prohibited" in .au.</summary>
    PurgeList = 1 << 5,

    /// <summary>A .br record without dates and name servers.</summary>
    Meagre = 1 << 6,

    /// <summary>DNS says NXDOMAIN with the parent's SOA.</summary>
    NotInZone = 1 << 7,

    /// <summary>DNS says delegated.</summary>
    InZone = 1 << 8,
    Hold = 1 << 9,
    AutoRenew = 1 << 10,
    PastTerm = 1 << 11,
    EndsSoon = 1 << 12,

    /// <summary>RFC 5731 "inactive": no name servers.</summary>
    NoNameServers = 1 << 13,
    AddPeriod = 1 << 14,
    ServerHold = 1 << 15,
    ServerRenewProhibited = 1 << 16,

    /// <summary>"server hold" and "server update prohibited" where that is the grace after expiry (.au).</summary>
    HeldAfterExpiry = 1 << 17,
    ServerUpdateProhibited = 1 << 18,
}

/// <summary>One row of the order of judgement.</summary>
/// <param name="Needs">All of these must show.</param>
/// <param name="Forbids">None of these may show.</param>
/// <param name="Phase">Then this is the phase.</param>
internal readonly record struct JudgementRow(RegistrationSigns Needs, RegistrationSigns Forbids, Phase Phase);

/// <summary>The order of judgement of a registration that exists (facts section 2), as a table: the first row that fits wins.</summary>
internal static class JudgementTable
{
    private static readonly JudgementRow[] Ordered =
    [
        new(RegistrationSigns.PendingRestore, 0, Phase.PendingRestore),
        new(RegistrationSigns.Redemption, 0, Phase.Redemption),
        new(RegistrationSigns.PendingDelete | RegistrationSigns.StillRecoverable, 0, Phase.Redemption),
        new(RegistrationSigns.PendingDelete, 0, Phase.PendingDelete),
        new(RegistrationSigns.LastDay, 0, Phase.PendingDelete),
        new(RegistrationSigns.PurgeList, 0, Phase.PendingDelete),
        new(RegistrationSigns.Meagre | RegistrationSigns.NotInZone, 0, Phase.PendingDelete),
        new(RegistrationSigns.Meagre, RegistrationSigns.InZone, Phase.Unknown),
        new(RegistrationSigns.Hold, 0, Phase.OnHold),
        new(RegistrationSigns.AutoRenew, 0, Phase.AutoRenewGrace),
        new(RegistrationSigns.PastTerm, 0, Phase.Expired),
        new(RegistrationSigns.EndsSoon, 0, Phase.ExpiringSoon),
        new(RegistrationSigns.None, 0, Phase.Active),
    ];

    private static readonly TimeSpan LongestRedemption = TimeSpan.FromDays(32);

    /// <summary>The rows in their order; the last fits everything.</summary>
    public static ReadOnlySpan<JudgementRow> Rows => Ordered;

    /// <summary>The phase by the first row that fits.</summary>
    public static Phase PhaseOf(RegistrationSigns signs)
    {
        foreach (ref readonly var row in Rows)
        {
            if ((signs & row.Needs) == row.Needs && (signs & row.Forbids) == 0)
            {
                return row.Phase;
            }
        }

        return Phase.Unknown;
    }

    /// <summary>The signs of a record.</summary>
    /// <param name="facts">The record.</param>
    /// <param name="rule">Rule of its TLD.</param>
    /// <param name="zone">What DNS says; null when nothing.</param>
    /// <param name="askedAt">When the registry said so.</param>
    /// <param name="now">The moment of judgement.</param>
    /// <param name="soon">How long before its end a term counts as ending soon.</param>
    public static RegistrationSigns Read(
        RdapFacts facts, TldRule rule, DnsFacts? zone, DateTimeOffset askedAt, DateTimeOffset now, TimeSpan soon)
    {
        var signs = RegistrationSigns.None;
        var statuses = facts.Statuses;
        for (var i = 0; i < statuses.Count; i++)
        {
            signs |= SignOf(statuses[i]);
        }

        signs |= zone?.Delegation switch
        {
            Delegation.Delegated => RegistrationSigns.InZone,
            Delegation.NxDomain => RegistrationSigns.NotInZone,
            _ => RegistrationSigns.None,
        };

        if (facts.ExpiresAt is { } end && !rule.ExpiryIsRelease)
        {
            signs |= end <= now ? RegistrationSigns.PastTerm : end - now <= soon ? RegistrationSigns.EndsSoon : RegistrationSigns.None;
        }

        if (rule.PendingDeleteIsRecoverable && !(rule.RecoverableUntilDay is { } day && facts.ExpiresAt is { } from && now - from >= TimeSpan.FromDays(day)))
        {
            signs |= RegistrationSigns.StillRecoverable;
        }

        // A restored name may keep the event; one that is older than any redemption is such a leftover.
        if (rule.LastDayShowsDeletionOnly && facts.DeletedAt is { } deleted && askedAt - deleted <= LongestRedemption)
        {
            signs |= RegistrationSigns.LastDay;
        }

        const RegistrationSigns Purged = RegistrationSigns.ServerHold | RegistrationSigns.ServerRenewProhibited;
        if (rule.PurgeListByRenewProhibited && (signs & Purged) == Purged)
        {
            signs |= RegistrationSigns.PurgeList;
        }

        const RegistrationSigns Held = RegistrationSigns.ServerHold | RegistrationSigns.ServerUpdateProhibited;
        if (rule.HoldIsGrace && (signs & Held) == Held)
        {
            signs |= RegistrationSigns.HeldAfterExpiry;
        }

        if (rule.MeagreRecordMeansRelease && facts is { RegisteredAt: null, ExpiresAt: null, LastChangedAt: null, NameServers.Count: 0 })
        {
            signs |= RegistrationSigns.Meagre;
        }

        return signs;
    }

    private static RegistrationSigns SignOf(string status) => status switch
    {
        RdapStatuses.PendingRestore => RegistrationSigns.PendingRestore,
        RdapStatuses.RedemptionPeriod => RegistrationSigns.Redemption,
        RdapStatuses.PendingDelete => RegistrationSigns.PendingDelete,
        RdapStatuses.ClientHold => RegistrationSigns.Hold,
        RdapStatuses.ServerHold => RegistrationSigns.Hold | RegistrationSigns.ServerHold,
        RdapStatuses.AutoRenewPeriod => RegistrationSigns.AutoRenew,
        RdapStatuses.Inactive => RegistrationSigns.NoNameServers,
        RdapStatuses.AddPeriod => RegistrationSigns.AddPeriod,
        RdapStatuses.ServerRenewProhibited => RegistrationSigns.ServerRenewProhibited,
        RdapStatuses.ServerUpdateProhibited => RegistrationSigns.ServerUpdateProhibited,
        _ => RegistrationSigns.None,
    };
}
