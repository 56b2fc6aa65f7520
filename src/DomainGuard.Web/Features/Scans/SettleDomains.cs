using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Events;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Scans;

/// <summary>For whom a verdict is settled.</summary>
/// <param name="Id">The scan; null for a look-up that somebody waits for.</param>
/// <param name="PolicyVersion">Its policy; 0 for the one in force.</param>
/// <param name="ObserveOnly">Findings are not carried out.</param>
internal sealed record SettleFor(long? Id, int PolicyVersion, bool ObserveOnly)
{
    /// <summary>A scan.</summary>
    public static implicit operator SettleFor(Scan scan) => new(scan.Id, scan.PolicyVersion, scan.ObserveOnly);
}

/// <summary>
/// Judges a chunk of domains from what was staged and what was kept before, and says what is to be written: answers, verdicts, history, facts of the holders,
/// mail exchangers to watch, next checks, and which verdicts wait for their findings to be carried out. A look-up without answer changes no verdict; a void one leaves only the times tried and due.
/// </summary>
internal sealed class SettleDomains(IdAllocator ids, PolicyStore policies, GuardClock clock)
{
    /// <summary>From this many other names of its TLD with the same registration day on, a date is taken for that of a migration (facts 1.5).</summary>
    private const int ManyShareADate = 10;

    private static readonly HashSet<Phase> Lapsed = [Phase.Redemption, Phase.PendingDelete, Phase.Released];

    /// <summary>Reads, judges, and gives back what is to be written in one transaction.</summary>
    public async Task<SettlePlan> PlanAsync(StatementSession session, SettleFor scan, IReadOnlyList<SettleItem> items, bool isVoid, CancellationToken cancel)
    {
        var plan = NewPlan();
        var policy = (scan.PolicyVersion > 0 ? await policies.GetAsync(scan.PolicyVersion, cancel) : await policies.CurrentAsync(cancel)).Policy;
        if (isVoid)
        {
            foreach (var item in items)
            {
                Touch(plan, policy, item.Domain, StagedAnswers.Unpack(item.Domain.Id, item.Staged), item.State);
            }

            return plan;
        }

        var staged = items.Select(i => (i.Domain, i.State, Answers: StagedAnswers.Unpack(i.Domain.Id, i.Staged))).ToList();
        var mx = staged.Where(s => s.Domain.WatchedFor.HasFlag(WatchedFor.Addresses))
            .SelectMany(s => s.Answers.SelectMany(a => SettleContext.MxDomainsOf(s.Domain.Name, a.Observation.Dns)))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var context = await SettleContext.ReadAsync(session.Db, [.. items.Select(i => i.Domain.Id)], mx, cancel);
        foreach (var (domain, state, answers) in staged)
        {
            await SettleAsync(session, plan, context, scan, policy, domain, state, answers, cancel);
        }

        return plan;
    }

    private static SettlePlan NewPlan() => new SettlePlan()
        .Declare(ScanSql.InsertMxDomain, exact: true)
        .Declare(ScanSql.TouchDomain, exact: true)
        .Declare(ScanSql.UpdateDomain, exact: true)
        .Declare(ScanSql.MarkFindings, exact: true)
        .Declare(ScanSql.InsertObservation)
        .Declare(ScanSql.ExtendObservation)
        .Declare(ScanSql.EndSpan)
        .Declare(ScanSql.InsertSpan)
        .Declare(WebhookSql.InsertNotice)
        .Declare(ScanSql.ExtendBaseline)
        .Declare(ScanSql.InsertBaseline)
        .Declare(ScanSql.WatchMxDomain)
        .Declare(ScanSql.ExtendMxLink)
        .Declare(ScanSql.InsertMxLink)
        .Declare(ScanSql.DeleteMxLink)
        .Declare(ScanSql.BringForwardLinked);

    private static void Touch(SettlePlan plan, GuardPolicy policy, Domain domain, IReadOnlyList<StagedAnswer> answers, ScanItemState state)
    {
        var at = AskedAt(answers);
        var failures = domain.FailuresInRow + (state == ScanItemState.Unanswered ? 1 : 0);
        plan.Add(ScanSql.TouchDomain, at, failures, Next(policy, domain, at, failures, isAnswered: false), domain.Id, domain.Version);
    }

    private async Task SettleAsync(
        StatementSession session, SettlePlan plan, SettleContext context, SettleFor scan, GuardPolicy policy, Domain domain, ScanItemState state, IReadOnlyList<StagedAnswer> answers,
        CancellationToken cancel)
    {
        var at = AskedAt(answers);
        var kept = context.Observations[domain.Id].ToList();
        var isAnswered = state == ScanItemState.Answered;

        // An overlapping scan may have settled a later answer meanwhile. A time in the future is none: the machine's clock was set back.
        if (domain.LastTriedAt > at && domain.LastTriedAt <= clock.Now)
        {
            return;
        }

        foreach (var answer in answers)
        {
            await StoreAsync(plan, kept, answer, cancel);
        }

        if (!isAnswered && domain.LastAnsweredAt is not null)
        {
            Touch(plan, policy, domain, answers, state);
            return;
        }

        var observations = Merge(answers, kept);
        var dns = answers.FirstOrDefault(a => a.Observation.Dns is not null)?.Observation.Dns;
        var (exchanges, dangling) = await MailExchangersAsync(context, domain, dns, cancel);
        var input = new JudgeInput
        {
            Domain = domain.Name,
            Observations = observations,
            Now = at,
            KnownFlags = (NotableDomains.IsNotable(domain.Name) ? DomainFlags.Notable : 0)
                | (context.Tenants.Contains(domain.Id) ? DomainFlags.PlatformTenant : 0)
                | (dangling ? DomainFlags.DanglingMx : 0),
            KnownPhase = domain.Phase,
            KnownPhaseSince = domain.PhaseSince,
        };
        var verdict = DomainJudge.Judge(input);
        if (!isAnswered)
        {
            var failures = domain.FailuresInRow + 1;
            Write(plan, domain, new Verdict { Phase = Phase.Unknown, Reasons = verdict.Reasons }, domain.HandChange, at, null, failures, Next(policy, domain, at, failures, false), dns);
            return;
        }

        var rows = context.Baselines[domain.Id].ToList();
        await KeepHoldersFactsAsync(plan, domain, verdict, answers, rows, cancel);
        var hands = HandChange.None;
        if (domain.AddressCount > 0 && !JudgeHands.IsSettled(domain, verdict, rows))
        {
            if (await SharesDateAsync(session.Db, domain, verdict, cancel))
            {
                verdict = DomainJudge.Judge(input with { SharesRegistrationDate = true });
            }

            // Of a provider's or a large domain a person judges the whole: thousands of events from evidence that is likelier wrong would harm.
            var isTold = !(policy.Guards.Notable && verdict.Flags.HasFlag(DomainFlags.Notable)) && !(domain.AddressCount >= policy.Guards.LargeFrom);
            hands = await JudgeHands.ExecuteAsync(session, domain, verdict, observations, rows, isTold, at, cancel);
        }

        WriteMailExchangers(plan, context, domain, dns, exchanges, at);
        await WriteHistoryAsync(plan, scan, domain, verdict, hands, at, cancel);
        ImproveCanary(plan, domain, verdict, answers, kept);
        Write(plan, domain, verdict, hands, at, at, 0, NextAfter(policy, domain, verdict, hands, rows, at), dns);
        if (!scan.ObserveOnly && FindingMark.Matters(policy, domain, verdict, hands))
        {
            plan.Add(ScanSql.MarkFindings, at, scan.Id, domain.Id);
        }
    }

    private static DateTimeOffset AskedAt(IReadOnlyList<StagedAnswer> answers) => answers.Max(a => a.Observation.AskedAt);

    // What was said now, and where a source failed or was not asked, what it said last.
    private static List<Observation> Merge(IReadOnlyList<StagedAnswer> answers, List<StoredObservation> kept)
    {
        var merged = answers.Select(a => a.Observation).ToList();
        merged.AddRange(kept.Select(ObservationCodec.Decode).Where(o => o.IsEvidence && !answers.Any(a => a.Observation.Source == o.Source && a.Observation.IsEvidence)));
        return merged;
    }

    private async Task StoreAsync(SettlePlan plan, List<StoredObservation> kept, StagedAnswer answer, CancellationToken cancel)
    {
        var row = answer.Row;
        var latest = kept.Where(k => k.Source == row.Source).MaxBy(k => (k.LastAt, k.Id));
        if (latest is not null && latest.FactsHash.AsSpan().SequenceEqual(row.FactsHash))
        {
            plan.Add(ScanSql.ExtendObservation, row.LastAt, row.DurationMs, latest.Id);
            return;
        }

        plan.Add(
            ScanSql.InsertObservation,
            await ids.NextAsync(IdAllocator.Observation, cancel), row.DomainId, row.Source, row.Host, row.Outcome, row.Failure, row.Error, row.HttpStatus, row.FirstAt,
            row.DurationMs, row.Facts, row.FactsHash, row.RawHash, row.Raw);
    }

    private async Task KeepHoldersFactsAsync(
        SettlePlan plan, Domain domain, Verdict verdict, IReadOnlyList<StagedAnswer> answers, List<Kept> rows, CancellationToken cancel)
    {
        if (!verdict.Phase.VouchesForHolder())
        {
            return;
        }

        foreach (var answer in answers.Where(a => a.Observation.Outcome == Outcome.Answered))
        {
            var row = answer.Observation.Source switch
            {
                SourceKind.Rdap => HoldersFacts.OfRegistration(domain.Id, answer.Observation),
                SourceKind.Dns => HoldersFacts.OfDns(domain.Id, answer.Observation),
                _ => null,
            };
            if (row is null)
            {
                continue;
            }

            var last = rows.LastOrDefault(r => r.Kind == row.Kind);
            if (last is not null && HoldersFacts.Equal(last, row))
            {
                last.LastSeenAt = row.LastSeenAt;
                plan.Add(ScanSql.ExtendBaseline, row.LastSeenAt, last.Id);
                continue;
            }

            row.Id = await ids.NextAsync(IdAllocator.Baseline, cancel);
            rows.Add(row);
            plan.Add(
                ScanSql.InsertBaseline,
                row.Id, row.DomainId, row.Kind, row.FirstSeenAt, row.RegisteredAt, row.Handle, row.RegistrarIanaId, row.NameServers, row.MailExchanges);
        }
    }

    private static async Task<bool> SharesDateAsync(GuardDb db, Domain domain, Verdict verdict, CancellationToken cancel)
    {
        if (verdict.RegisteredAt is not { } registered)
        {
            return false;
        }

        var day = new DateTimeOffset(registered.UtcDateTime.Date, TimeSpan.Zero);
        var next = day.AddDays(1);
        return await db.Domains
            .Where(d => d.Tld == domain.Tld && d.Id != domain.Id && d.RegisteredAt >= day && d.RegisteredAt < next)
            .OrderBy(d => d.Id)
            .Take(ManyShareADate)
            .CountAsync(cancel) >= ManyShareADate;
    }

    // Domains behind the mail exchangers: as this answer names them, else as the last one did.
    private async Task<(List<string> Names, bool Dangling)> MailExchangersAsync(SettleContext context, Domain domain, DnsFacts? dns, CancellationToken cancel)
    {
        if (dns is null || !domain.WatchedFor.HasFlag(WatchedFor.Addresses))
        {
            return ([], context.Links[domain.Id].Any(l => Lapsed.Contains(l.Phase)));
        }

        var names = SettleContext.MxDomainsOf(domain.Name, dns).ToList();
        foreach (var name in names)
        {
            if (!context.MxDomains.ContainsKey(name))
            {
                context.MxDomains.Add(name, new MxDomain(await ids.NextAsync(IdAllocator.Domain, cancel), Phase.Unknown, WatchedFor.None, IsNew: true));
            }
        }

        return (names, names.Exists(n => Lapsed.Contains(context.MxDomains[n].Phase)));
    }

    private static void WriteMailExchangers(SettlePlan plan, SettleContext context, Domain domain, DnsFacts? dns, List<string> names, DateTimeOffset at)
    {
        if (dns is null || !domain.WatchedFor.HasFlag(WatchedFor.Addresses))
        {
            return;
        }

        var before = context.Links[domain.Id].Select(l => l.MxDomainId).ToHashSet();
        foreach (var name in names)
        {
            var mx = context.MxDomains[name];
            if (mx.IsNew)
            {
                plan.Add(ScanSql.InsertMxDomain, mx.Id, name, DomainName.Tld(name), at, CheckSchedule.NextSweep(name, at));
                context.MxDomains[name] = mx with { IsNew = false, WatchedFor = WatchedFor.MailExchange };
            }
            else if (!mx.WatchedFor.HasFlag(WatchedFor.MailExchange))
            {
                plan.Add(ScanSql.WatchMxDomain, at, mx.Id);
                context.MxDomains[name] = mx with { WatchedFor = mx.WatchedFor | WatchedFor.MailExchange };
            }

            plan.Add(before.Remove(mx.Id) ? ScanSql.ExtendMxLink : ScanSql.InsertMxLink, at, domain.Id, mx.Id);
        }

        // Mail routing that could not be found out takes no link away.
        if (dns.MailHosts.Count > 0 && dns.MailHosts.All(h => h.Route != MailRoute.Unknown))
        {
            foreach (var gone in before)
            {
                plan.Add(ScanSql.DeleteMxLink, domain.Id, gone);
            }
        }
    }

    private async Task WriteHistoryAsync(SettlePlan plan, SettleFor scan, Domain domain, Verdict verdict, HandChange hands, DateTimeOffset at, CancellationToken cancel)
    {
        var isFirst = domain.LastAnsweredAt is null;
        if (isFirst || verdict.Phase != domain.Phase || verdict.Flags != domain.Flags || verdict.Confidence != domain.Confidence)
        {
            if (!isFirst)
            {
                plan.Add(ScanSql.EndSpan, at, domain.Id);
            }

            plan.Add(
                ScanSql.InsertSpan,
                await ids.NextAsync(IdAllocator.PhaseSpan, cancel), domain.Id, verdict.Phase, verdict.Flags, verdict.Confidence, at, ObservationCodec.EncodeReasons(verdict.Reasons), scan.Id);
        }

        if (verdict.Phase != domain.Phase || verdict.Flags != domain.Flags || hands != domain.HandChange)
        {
            plan.Changed++;
        }

        // The first verdict changes nothing that anybody knew; a mail exchanger's own life is nobody's address.
        if (domain.WatchedFor.HasFlag(WatchedFor.Addresses))
        {
            if (!isFirst && verdict.Phase != domain.Phase)
            {
                plan.Add(WebhookSql.InsertNotice, Notices.PhaseChanged(domain, verdict, scan.Id, at));
            }

            if (verdict.Phase is Phase.Active or Phase.ExpiringSoon && ExpiryWarning.Due(domain.ExpiresAt, domain.LastAnsweredAt, verdict.ExpiresAt, at) is { } days)
            {
                plan.Add(WebhookSql.InsertNotice, Notices.Expiring(domain.Id, verdict.ExpiresAt!.Value, days, at));
            }
        }

        if (domain.WatchedFor.HasFlag(WatchedFor.MailExchange) && Lapsed.Contains(verdict.Phase) != Lapsed.Contains(domain.Phase))
        {
            plan.Add(ScanSql.BringForwardLinked, at, domain.Id);
        }
    }

    // The answer that came most often with a domain in order becomes the lane's canary.
    private static void ImproveCanary(SettlePlan plan, Domain domain, Verdict verdict, IReadOnlyList<StagedAnswer> answers, List<StoredObservation> kept)
    {
        if (verdict.Phase != Phase.Active)
        {
            return;
        }

        foreach (var answer in answers.Where(a => a.Observation.Outcome == Outcome.Answered && a.Observation.Source != SourceKind.Dns))
        {
            var times = 1 + (kept.Find(k => k.Source == answer.Row.Source && k.FactsHash.AsSpan().SequenceEqual(answer.Row.FactsHash))?.Times ?? 0);
            plan.BestCanary(answer.Row.Host, domain.Name, times);
        }
    }

    private static DateTimeOffset? Next(GuardPolicy policy, Domain domain, DateTimeOffset at, int failures, bool isAnswered) => CheckSchedule.Next(new ScheduleInput
    {
        Policy = policy,
        Domain = domain.Name,
        Phase = domain.Phase,
        Flags = domain.Flags,
        Confidence = domain.Confidence,
        HandChange = domain.HandChange,
        ExpiresAt = domain.ExpiresAt,
        Now = at,
        FailuresInRow = failures,
        IsAnswered = isAnswered,
    });

    private static DateTimeOffset? NextAfter(GuardPolicy policy, Domain domain, Verdict verdict, HandChange hands, List<Kept> rows, DateTimeOffset at) => CheckSchedule.Next(new ScheduleInput
    {
        Policy = policy,
        HasMoved = HasMoved(domain, verdict, rows, at),
        Domain = domain.Name,
        Phase = verdict.Phase,
        Flags = verdict.Flags,
        Confidence = verdict.Confidence,
        HandChange = hands,
        HandChangeSince = hands == HandChange.Reregistered ? verdict.RegisteredAt : null,
        ExpiresAt = verdict.ExpiresAt,
        Now = at,
        IsAnswered = true,
    });

    // For the cadence alone; what it means for an address is judged when findings are carried out.
    private static bool HasMoved(Domain domain, Verdict verdict, List<Kept> rows, DateTimeOffset at) =>
        verdict.Phase is Phase.Expired or Phase.AutoRenewGrace
        && HoldersFacts.HasMovedSince(rows, null, null, verdict.Phase == domain.Phase && domain.PhaseSince is { } since ? since : verdict.ExpiresAt < at ? verdict.ExpiresAt.Value : at);

    private static void Write(
        SettlePlan plan, Domain domain, Verdict verdict, HandChange hands, DateTimeOffset triedAt, DateTimeOffset? answeredAt, int failures, DateTimeOffset? next, DnsFacts? dns)
    {
        var since = answeredAt is null ? domain.PhaseSince : verdict.Phase == domain.Phase && domain.PhaseSince is { } known ? known : triedAt;
        plan.Add(
            ScanSql.UpdateDomain,
            verdict.Phase,
            since,
            verdict.Flags,
            verdict.Confidence,
            hands,
            ObservationCodec.EncodeReasons(verdict.Reasons),
            verdict.RegisteredAt,
            verdict.ExpiresAt,
            verdict.LastTransferAt,
            HoldersFacts.Cut(verdict.RegistrarName, 300),
            HoldersFacts.Cut(verdict.RegistrarIanaId, 20),
            HoldersFacts.Cut(verdict.Handle, 200),
            verdict.EstimatedDrop?.From,
            verdict.EstimatedDrop?.To,
            triedAt,
            answeredAt ?? domain.LastAnsweredAt,
            next,
            failures,
            dns is null ? domain.NextSweepAt ?? CheckSchedule.NextSweep(domain.Name, triedAt) : CheckSchedule.NextSweep(domain.Name, triedAt),
            dns is null ? domain.DnsFingerprint : HoldersFacts.Fingerprint(dns),
            domain.Id,
            domain.Version);
    }
}
