using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using Microsoft.EntityFrameworkCore;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Judges for every address of one domain whether it changed hands, and writes what differs. Only domains with a sign of it come here: the work of a scan
/// follows the domains, not the accounts. Writing pages before the domain's own row is safe: the same answers give the same conclusions.
/// </summary>
internal sealed class JudgeHands
{
    private const int PageSize = 1_000;

    /// <summary>Verification times are rounded and clocks differ: a registration up to this long after them is the same one (facts, section 2).</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromHours(48);

    private static readonly HashSet<Phase> Lapsed = [Phase.Redemption, Phase.PendingDelete, Phase.Released];
    private static readonly HashSet<Phase> PastTerm = [Phase.Expired, Phase.AutoRenewGrace];

    /// <summary>
    /// True when no address can have changed hands: the registration is older than the earliest trust, the holder's facts never changed, and the domain
    /// neither lapsed nor had a change before.
    /// </summary>
    public static bool IsSettled(Domain domain, Verdict verdict, IReadOnlyList<Kept> rows) =>
        domain.HandChange == HandChange.None
        && (verdict.RegisteredAt is null || domain.EarliestTrustAt is null || verdict.RegisteredAt <= domain.EarliestTrustAt + Tolerance)
        && !Lapsed.Contains(domain.Phase) && !Lapsed.Contains(verdict.Phase)
        && rows.Count(r => r.Kind == BaselineKind.Registration) <= 1
        && rows.Count(r => r.Kind == BaselineKind.Dns) <= 1;

    /// <summary>When the term of a domain ended that is past it (Expired or AutoRenewGrace): when we began to see it so, or its date where that was before. Null in any other phase.</summary>
    /// <param name="spans">Its history, oldest first.</param>
    /// <param name="phase">Its phase.</param>
    /// <param name="expiresAt">End of the term by the registry; in the grace period already that of the next one.</param>
    /// <param name="now">Moment of judgement.</param>
    public static DateTimeOffset? EndOfTerm(List<PhaseSpan> spans, Phase phase, DateTimeOffset? expiresAt, DateTimeOffset now) =>
        !PastTerm.Contains(phase) ? null
        : LastStretch(spans, PastTerm, phase, now).From is { } from && !(expiresAt < from) ? from : expiresAt ?? now;

    /// <summary>Judges all addresses, page by page, and gives back the worst conclusion.</summary>
    /// <param name="session">Not in a transaction.</param>
    /// <param name="domain">The row as it is now.</param>
    /// <param name="verdict">The new verdict.</param>
    /// <param name="observations">What it rests on.</param>
    /// <param name="rows">Facts of the holder, oldest first, with what this answer adds.</param>
    /// <param name="isTold">Each address whose conclusion becomes worse or surer is told to receivers of events.</param>
    /// <param name="now">Moment of judgement.</param>
    /// <param name="cancel">Ends it between pages.</param>
    public static async Task<HandChange> ExecuteAsync(
        StatementSession session, Domain domain, Verdict verdict, IReadOnlyList<Observation> observations, IReadOnlyList<Kept> rows, bool isTold, DateTimeOffset now, CancellationToken cancel)
    {
        var spans = await session.Db.PhaseSpans.AsNoTracking().Where(s => s.DomainId == domain.Id).OrderBy(s => s.From).ThenBy(s => s.Id).ToListAsync(cancel);
        var (lapseFrom, lapseTo, lapsePhase) = LastStretch(spans, Lapsed, verdict.Phase, now);
        var (pastFrom, pastTo, _) = LastStretch(spans, PastTerm, verdict.Phase, now);
        var verdicts = new Dictionary<(DateTimeOffset?, DateTimeOffset?, DateTimeOffset?, long, long, string, DateTimeOffset?), HandVerdict>();
        var worst = HandChange.None;
        for (long after = 0; ;)
        {
            var page = await PageAsync(session.Db, domain.Id, after, cancel);
            var changed = new List<object?[]>();
            var told = new List<object?[]>();
            foreach (var a in page)
            {
                var (baseline, movedAt, registration, dns) = HoldersFacts.For(rows, a.DismissedAt > a.BaselineFrom ? a.DismissedAt.Value : a.BaselineFrom, a.MailHost);
                var created = a.VerifiedAt is null ? a.CreatedAt : null;
                var key = (a.VerifiedAt, a.DismissedAt, created, registration, dns, a.MailHost, baseline?.RegistrationSeenAt ?? baseline?.DnsSeenAt);
                if (!verdicts.TryGetValue(key, out var hand))
                {
                    hand = HandChangeJudge.Judge(new HandInput
                    {
                        Verdict = verdict,
                        Observations = observations,
                        VerifiedAt = a.VerifiedAt,
                        DismissedAt = a.DismissedAt,
                        AccountCreatedAt = created,
                        Baseline = baseline,
                        LapseSeenFrom = lapseFrom,
                        LapseSeenTo = lapseTo,
                        LapsePhase = lapsePhase,
                        PastTermFrom = pastFrom,
                        PastTermTo = pastTo,
                        MovedAt = movedAt,
                        MailHost = a.MailHost,
                        Now = now,
                    });
                    verdicts.Add(key, hand);
                }

                worst = hand.Change > worst ? hand.Change : worst;
                if (Differs(a, hand))
                {
                    changed.Add([hand.Change, hand.Confidence, ObservationCodec.EncodeReasons(hand.Reasons), a.Id]);
                    if (isTold && hand.Change != HandChange.None && (hand.Change != a.Change || hand.Confidence != a.Confidence))
                    {
                        told.Add(Notices.HandsChanged(domain.Id, a.Id, a.Change, hand.Change, hand.Confidence, now));
                    }
                }
            }

            await WriteAsync(session, changed, told, cancel);
            if (page.Count < PageSize)
            {
                return worst;
            }

            after = page[^1].Id;
        }
    }

    private static async Task WriteAsync(StatementSession session, List<object?[]> changed, List<object?[]> told, CancellationToken cancel)
    {
        if (changed.Count == 0)
        {
            return;
        }

        await session.BeginAsync(cancel);
        try
        {
            await session.ExecuteManyAsync(ScanSql.UpdateHand, changed, cancel);
            await session.ExecuteManyAsync(WebhookSql.InsertNotice, told, cancel);
            await session.CommitAsync(cancel);
        }
        catch
        {
            await session.RollbackAsync();
            throw;
        }
    }

    private static Task<List<Hand>> PageAsync(GuardDb db, long domainId, long after, CancellationToken cancel) => db.Addresses.AsNoTracking()
        .Where(a => a.DomainId == domainId && a.RetiredAt == null && a.Id > after)
        .OrderBy(a => a.Id)
        .Take(PageSize)
        .Select(a => new Hand(a.Id, a.MailHost, a.VerifiedAt, a.Account!.CreatedAt, a.BaselineFrom, a.DismissedAt, a.HandChange, a.HandConfidence, a.HandReasons))
        .ToListAsync(cancel);

    // The time at which a reason was last seen moves with every answer; only its words make a difference.
    private static bool Differs(Hand a, HandVerdict hand) =>
        a.Change != hand.Change || a.Confidence != hand.Confidence
        || !ObservationCodec.DecodeReasons(a.Reasons).Select(r => r.Text).SequenceEqual(hand.Reasons.Select(r => r.Text), StringComparer.Ordinal);

    private static (DateTimeOffset? From, DateTimeOffset? To, Phase? Worst) LastStretch(List<PhaseSpan> spans, HashSet<Phase> phases, Phase now, DateTimeOffset at)
    {
        var last = spans.FindLastIndex(s => phases.Contains(s.Phase));
        if (phases.Contains(now) && (last < 0 || last != spans.Count - 1))
        {
            return (at, null, now);
        }

        if (last < 0)
        {
            return (null, null, null);
        }

        var first = last;
        while (first > 0 && phases.Contains(spans[first - 1].Phase))
        {
            first--;
        }

        var worst = spans.Skip(first).Take(last - first + 1).Select(s => s.Phase).Append(phases.Contains(now) ? now : spans[last].Phase).Max();
        return (spans[first].From, phases.Contains(now) ? null : spans[last].To ?? at, worst);
    }

    private sealed record Hand(
        long Id, string MailHost, DateTimeOffset? VerifiedAt, DateTimeOffset? CreatedAt, DateTimeOffset BaselineFrom, DateTimeOffset? DismissedAt, HandChange Change, Confidence Confidence, string? Reasons);
}
