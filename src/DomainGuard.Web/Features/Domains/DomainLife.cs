using DomainGuard.Core.Domains;
using DomainGuard.Web.Shared;
using DomainGuard.Web.Shared.Lifecycle;

namespace DomainGuard.Web.Features.Domains;

/// <summary>What the timeline of a domain shows, from its rows. Pure.</summary>
internal static class DomainLife
{
    public static LifeInput Of(DomainView view, string? window, DateTimeOffset now)
    {
        var domain = view.Domain;
        var hidden = (domain.Flags & DomainFlags.DatesHidden) != 0;
        var from = window switch
        {
            "1y" => now.AddDays(-365),
            "all" => view.Baselines.Select(b => b.RegisteredAt ?? b.FirstSeenAt).Append(domain.RegisteredAt ?? domain.AddedAt).Append(view.EarliestVerifiedAt ?? now).Min(),
            _ => now.AddDays(-120),
        };
        var second = domain.HandChange == HandChange.Reregistered ? domain.RegisteredAt : null;
        var stretches = Stretches(view, second, now).ToList();
        var latest = view.Latest.FirstOrDefault(o => o.Observation.Rdap is not null)?.Observation.Rdap;
        var rule = TldRules.ForDomain(domain.Name);
        stretches.AddRange(LifecycleForecast.For(domain.Phase, latest is null ? new LifecycleDates(domain.ExpiresAt) : LifecycleDates.Of(latest), domain.PhaseSince, rule, now)
            .Select(s => new LifeStretch(s.Phase, s.From, s.To, IsExpected: true, second is not null && s.Phase.VouchesForHolder())));
        return new LifeInput
        {
            Now = now,
            From = from,
            Stretches = stretches,
            Markers = [.. Markers(view, second)],
            Lookups = [.. view.Observations.SelectMany(o => new[] { o.FirstAt, o.Observation.AskedAt }.Distinct().Select(at => new LifeLookup(at, o.Observation.Outcome == Outcome.Failure)))],
            Drop = domain is { DropFrom: { } a, DropTo: { } b } && b > now ? new DropInterval(a, b) : null,
            DatesHidden = hidden,
        };
    }

    /// <summary>Seen verdicts. Before the first one, the time since registration was in order as far as anybody knows, where the verdict was.</summary>
    private static IEnumerable<LifeStretch> Stretches(DomainView view, DateTimeOffset? second, DateTimeOffset now)
    {
        var first = view.History.Count > 0 ? view.History[0] : null;
        var began = view.Baselines.Select(b => b.RegisteredAt).Append(second is null ? view.Domain.RegisteredAt : null).Min();
        if (first is not null && began < first.From && first.Phase.VouchesForHolder())
        {
            yield return new LifeStretch(Phase.Active, began.Value, first.From, false, began >= second);
        }

        foreach (var span in view.History.Where(s => s.Phase is not Phase.NotApplicable))
        {
            yield return new LifeStretch(span.Phase, span.From, span.To ?? now, false, second is { } again && span.From >= again && span.Phase.VouchesForHolder());
        }
    }

    private static IEnumerable<LifeMarker> Markers(DomainView view, DateTimeOffset? second)
    {
        if (view.EarliestVerifiedAt is { } verified)
        {
            yield return new LifeMarker(LifeMarkerKind.Verified, verified, view.VerifiedAddresses > 1 ? $"Verified, earliest of {Words.Count(view.VerifiedAddresses)}" : "Address verified");
        }

        if (second is { } again)
        {
            yield return new LifeMarker(LifeMarkerKind.Reregistered, again, $"Registered again {Words.Date(again)}");
        }

        if (view.Domain.ExpiresAt is { } expires && expires.Year < 3000)
        {
            yield return new LifeMarker(LifeMarkerKind.Event, expires, $"{(view.Domain.Phase == Phase.AutoRenewGrace ? "Expiry, moved by the registry" : "Expiry")} {Words.Date(expires)}");
        }

        if (view.Domain.LastTransferAt is { } transfer)
        {
            yield return new LifeMarker(LifeMarkerKind.Event, transfer, $"Transfer {Words.Date(transfer)}");
        }
    }
}
