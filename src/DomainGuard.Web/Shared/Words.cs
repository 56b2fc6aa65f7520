using System.Globalization;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Scans;

namespace DomainGuard.Web.Shared;

/// <summary>The words of the screen for the words of the code.</summary>
internal static class Words
{
    public static IReadOnlyList<Phase> PhasesByDanger { get; } =
    [
        Phase.Active, Phase.ExpiringSoon, Phase.Expired, Phase.AutoRenewGrace, Phase.OnHold, Phase.PendingRestore, Phase.Redemption, Phase.PendingDelete, Phase.Released,
        Phase.Unknown, Phase.NotApplicable,
    ];

    public static (string Text, string Icon, string Css) Of(Phase phase) => phase switch
    {
        Phase.Active => ("Active", Glyphs.CheckCircle, "active"),
        Phase.ExpiringSoon => ("Expiring soon", Glyphs.Clock, "expiringsoon"),
        Phase.Expired => ("Expired", Glyphs.Hourglass, "expired"),
        Phase.AutoRenewGrace => ("Auto-renew grace", Glyphs.Rescan, "autorenewgrace"),
        Phase.OnHold => ("On hold", Glyphs.Hold, "onhold"),
        Phase.PendingRestore => ("Pending restore", Glyphs.ClockBack, "pendingrestore"),
        Phase.Redemption => ("Redemption", Glyphs.LifeRing, "redemption"),
        Phase.PendingDelete => ("Pending delete", Glyphs.Bin, "pendingdelete"),
        Phase.Released => ("Released", Glyphs.OpenLock, "released"),
        Phase.NotApplicable => ("Not applicable", Glyphs.Minus, "notapplicable"),
        _ => ("Unknown", Glyphs.Question, "unknown"),
    };

    public static IEnumerable<(DomainFlags Flag, string Text)> Of(DomainFlags flags) => FlagWords.Where(f => (flags & f.Flag) != 0);

    public static IReadOnlyList<(DomainFlags Flag, string Text)> FlagWords { get; } =
    [
        (DomainFlags.Undelegated, "Undelegated"), (DomainFlags.Parked, "Parked"), (DomainFlags.ForSale, "For sale"), (DomainFlags.NoMail, "No mail"), (DomainFlags.NullMx, "Null MX"),
        (DomainFlags.Notable, "Notable"), (DomainFlags.PlatformTenant, "Platform tenant"), (DomainFlags.DatesHidden, "Dates hidden"), (DomainFlags.Sinkholed, "Sinkholed"),
        (DomainFlags.NewlyRegistered, "Newly registered"), (DomainFlags.DanglingMx, "Dangling MX"),
    ];

    public static string Of(SourceKind source) => source switch
    {
        SourceKind.Rdap => "RDAP",
        SourceKind.Fastly => "Fastly Domain Research",
        SourceKind.Domainr => "Domainr v2",
        _ => "DNS",
    };

    public static (string Text, string Icon, string Css) Of(ScanResult result) => result switch
    {
        ScanResult.Complete => ("Complete", Glyphs.CheckCircle, "ok"),
        ScanResult.Partial => ("Partial", Glyphs.Hourglass, "warn"),
        _ => ("Void: changed nothing", Glyphs.Minus, "bad"),
    };

    public static string Of(ScanScope scope, string? target) => scope switch
    {
        ScanScope.Due => "Due domains",
        ScanScope.All => "All domains",
        ScanScope.Domain => $"Domain {target}",
        ScanScope.Account => $"Account {target}",
        ScanScope.Tld => $"TLD .{target}",
        ScanScope.Phase => Enum.TryParse<Phase>(target, out var phase) ? $"Phase {Of(phase).Text}" : $"Phase {target}",
        _ => "DNS sweep",
    };

    /// <summary>A count with commas.</summary>
    public static string Count(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"1 domain", "2 domains".</summary>
    public static string Count(long n, string one, string? many = null) => $"{Count(n)} {(n == 1 ? one : many ?? one + "s")}";

    /// <summary>"24 Nov 2026".</summary>
    public static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>"24 Nov 2026, 14:12 UTC".</summary>
    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A length of time in its two largest units: "4 h 51 min", "31 d 4 h".</summary>
    public static string Length(TimeSpan span)
    {
        span = span.Duration();
        return span switch
        {
            { TotalDays: >= 60 } => $"{span.TotalDays:0} d",
            { TotalDays: >= 1 } => span.Hours == 0 ? $"{span.Days} d" : $"{span.Days} d {span.Hours} h",
            { TotalHours: >= 1 } => span.Minutes == 0 ? $"{span.Hours} h" : $"{span.Hours} h {span.Minutes} min",
            { TotalMinutes: >= 1 } => span.Seconds == 0 ? $"{span.Minutes} min" : $"{span.Minutes} min {span.Seconds} s",
            { TotalSeconds: >= 1 } => $"{span.TotalSeconds:0} s",
            _ => $"{span.TotalMilliseconds:0} ms",
        };
    }

    /// <summary>"4 h ago", "in 3 d", "now".</summary>
    public static string Relative(DateTimeOffset at, DateTimeOffset now)
    {
        var span = at - now;
        if (span.Duration() < TimeSpan.FromSeconds(1))
        {
            return "now";
        }

        var length = span.Duration() switch
        {
            { TotalDays: >= 1 } d => $"{d.TotalDays:0} d",
            { TotalHours: >= 1 } h => $"{h.TotalHours:0} h",
            { TotalMinutes: >= 1 } m => $"{m.TotalMinutes:0} min",
            var s => $"{s.TotalSeconds:0} s",
        };
        return span > TimeSpan.Zero ? $"in {length}" : $"{length} ago";
    }

    /// <summary>Days to the estimated drop: "9–11", "0", "overdue".</summary>
    public static string DropDays(DateTimeOffset? from, DateTimeOffset? to, DateTimeOffset now)
    {
        if (from is null || to is null)
        {
            return "–";
        }

        var (a, b) = ((int)Math.Floor((from.Value - now).TotalDays), (int)Math.Floor((to.Value - now).TotalDays));
        a = Math.Max(a, 0);
        return b < 0 ? "overdue" : a < b ? $"{a}–{b}" : $"{b}";
    }
}
