using DomainGuard.Core.Domains;
using DomainGuard.Data.Domains;

namespace DomainGuard.Web.Shared.Lifecycle;

/// <summary>The picture in one sentence: its text alternative.</summary>
internal static class LifecycleText
{
    /// <summary>Fills that are pale by design have an edge in the colour of the phase's text; the others stand out by themselves.</summary>
    public static string Edge(Phase phase) => phase is Phase.ExpiringSoon or Phase.Expired or Phase.NotApplicable ? $"var(--ph-{Words.Of(phase).Css})" : "none";

    public static string Of(Domain domain, DateTimeOffset now)
    {
        var words = new List<string>();
        if (domain.ExpiresAt is { } expires)
        {
            words.Add(expires < now ? $"expired {Words.Date(expires)}" : $"expires {Words.Date(expires)}");
        }

        words.Add($"{Words.Of(domain.Phase).Text.ToLowerInvariant()}{(domain.PhaseSince is { } since ? $" since {Words.Date(since)}" : "")}");
        if (domain.HandChange == HandChange.Reregistered && domain.RegisteredAt is { } again)
        {
            words.Add($"registered again {Words.Date(again)}");
        }

        if (domain.DropFrom is { } from && domain.DropTo is { } to)
        {
            words.Add($"estimated drop {Words.Date(from)} to {Words.Date(to)}, in {Words.DropDays(from, to, now)} days");
        }

        return $"{domain.Name}: {string.Join(", ", words)}.";
    }
}
