using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Providers;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Settles the daily DNS sweep: a domain whose delegation went, or whose name servers or mail exchangers moved, is looked up in full at once. The sweep itself
/// never decides, and leaves no trace of what it saw: the full look-up does.
/// </summary>
internal static class SettleSweep
{
    private static readonly SqlStatement Swept = new(
        """UPDATE "Domain" SET "NextSweepAt" = @p0, "Version" = "Version" + 1 WHERE "Id" = @p1""",
        Instant, Key);

    private static readonly SqlStatement BringForward = new(
        """UPDATE "Domain" SET "NextCheckAt" = @p0 WHERE "Id" = @p1 AND "NextCheckAt" > @p0""",
        Instant, Key);

    /// <summary>Compares and says what is to be written. A void sweep only sets when it looks next.</summary>
    public static SettlePlan Plan(IReadOnlyList<SettleItem> items, bool isVoid)
    {
        var plan = new SettlePlan().Declare(Swept).Declare(BringForward);
        foreach (var (domain, _, staged) in items)
        {
            var answer = StagedAnswers.Unpack(domain.Id, staged).FirstOrDefault(a => a.Observation.Source == SourceKind.Dns)?.Observation;
            var at = answer?.AskedAt ?? domain.NextSweepAt!.Value;
            plan.Add(Swept, CheckSchedule.NextSweep(domain.Name, at), domain.Id);
            if (!isVoid && answer?.Dns is { } dns && domain.DnsFingerprint is { } before && Moved(before, dns))
            {
                plan.Add(BringForward, at, domain.Id);
                plan.Changed++;
            }
        }

        return plan;
    }

    // What could not be found out is no move.
    private static bool Moved(string before, DnsFacts dns) =>
        dns.Delegation != Delegation.Unknown && dns.MailHosts.All(h => h.Route != MailRoute.Unknown) && HoldersFacts.Fingerprint(dns) != before;
}
