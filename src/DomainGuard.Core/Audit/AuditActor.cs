namespace DomainGuard.Core.Audit;

/// <summary>What kind of actor did something. Stored: never renumber.</summary>
public enum AuditActorKind
{
    /// <summary>The installation itself.</summary>
    System = 0,

    /// <summary>A member of staff; the id is the key of the user.</summary>
    Staff = 1,

    /// <summary>The policy; the id is its version.</summary>
    Policy = 2,

    /// <summary>An API key; the id is its public part.</summary>
    Key = 3,

    /// <summary>Whoever owns the account, by what the platform told us.</summary>
    Owner = 4,

    /// <summary>Nobody known: a failed sign-in.</summary>
    Unknown = 5,
}

/// <summary>Who did something: a kind and an id, never a name (names are joined on the screen, so that a person can be erased).</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Id">Which one, at most 100 characters; for <see cref="AuditActorKind.System"/> the part that acted: "scan", "sealer".</param>
/// <param name="From">From where: an IP address, "command line", "scan 411"; at most 100 characters.</param>
public readonly record struct AuditActor(AuditActorKind Kind, string Id, string? From = null)
{
    /// <summary>A part of the installation.</summary>
    public static AuditActor System(string part) => new(AuditActorKind.System, part);

    /// <summary>The schedule.</summary>
    public static AuditActor Schedule { get; } = System("schedule");

    /// <summary>Whoever may start the program on the server.</summary>
    public static AuditActor CommandLine { get; } = System("command line");

    /// <summary>Somebody who did not show who he is.</summary>
    public static AuditActor Unknown(string? from) => new(AuditActorKind.Unknown, "unknown", from);

    /// <summary>A version of the policy, as it acted in a scan.</summary>
    public static AuditActor Policy(int version, long? scan) =>
        new(AuditActorKind.Policy, Text(version), scan is null ? null : "scan " + Text(scan.Value));

    /// <summary>A member of staff.</summary>
    public static AuditActor Staff(Guid user, string? from) => new(AuditActorKind.Staff, user.ToString("D"), from);

    /// <summary>A key of the API.</summary>
    public static AuditActor Key(Guid key, string? from) => new(AuditActorKind.Key, key.ToString("D"), from);

    private static string Text(long number) => number.ToString(global::System.Globalization.CultureInfo.InvariantCulture);
}
