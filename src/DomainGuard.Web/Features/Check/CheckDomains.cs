using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Lookups;

namespace DomainGuard.Web.Features.Check;

/// <summary>What was found out about one domain; the shape of <c>check --json</c>.</summary>
internal sealed record CheckReport(
    string Domain, Phase Phase, IReadOnlyList<string> Flags, Confidence Confidence, HandChange HandChange,
    DateTimeOffset? RegisteredAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastTransferAt, CheckReport.RegistrarShape Registrar, string? Handle,
    CheckReport.DropShape EstimatedDrop, DateTimeOffset? NextCheckAt, IReadOnlyList<string> Reasons, IReadOnlyList<CheckReport.ObservationShape> Observations)
{
    internal sealed record RegistrarShape(string? Name, string? IanaId);

    internal sealed record DropShape(DateTimeOffset? From, DateTimeOffset? To);

    internal sealed record ObservationShape(
        string Source, string Host, Outcome Outcome, DateTimeOffset AskedAt, long DurationMs, IReadOnlyList<string> Status, string? Error);
}

/// <summary>A name to check: what is looked up for it.</summary>
/// <param name="Domain">Registrable domain; the name itself where there is none.</param>
/// <param name="MailHost">The name that was given, A-label.</param>
/// <param name="NotApplicable">Why there is nothing to look up; null when there is.</param>
/// <param name="IsTenant">It lies under a PRIVATE suffix.</param>
internal sealed record CheckTarget(string Domain, string MailHost, string? NotApplicable, bool IsTenant)
{
    /// <summary>Reads a name as a person types it; false with a sentence that says what is wrong.</summary>
    public static bool TryRead(string text, out CheckTarget? target, out string problem)
    {
        target = null;
        if (text.Contains('@', StringComparison.Ordinal))
        {
            problem = $"'{text}' is an e-mail address. Name its domain: {text[(text.LastIndexOf('@') + 1)..]}";
            return false;
        }

        if (text.Contains('/', StringComparison.Ordinal))
        {
            problem = $"'{text}' is a URL or a path. Name a domain, such as example.com.";
            return false;
        }

        if (!DomainName.TryNormalise(text, out var ascii, out var error)
            || !EmailAddress.TryParse("a@" + ascii, PublicSuffixList.Shipped, out var address, out error))
        {
            problem = $"'{text}' is no domain name: {error}";
            return false;
        }

        target = new CheckTarget(address!.Domain, address.MailHost, address.NotApplicableReason, address.IsTenant);
        problem = "";
        return true;
    }
}

/// <summary>Looks domains up and explains them, without a database: nothing is read from one and nothing written.</summary>
internal sealed class CheckDomains(DomainLookup lookup, TimeProvider time)
{
    private const int SideBySide = 16;

    /// <summary>Checks, several at a time; the reports come in the order of the targets.</summary>
    /// <param name="targets">What to check.</param>
    /// <param name="sources">Whom to ask; null asks all that are enabled.</param>
    /// <param name="asOf">The judge's now; null is the real one. The look-up is made now in any case.</param>
    /// <param name="verifiedAt">When an address was verified, for the change of hands.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<IReadOnlyList<CheckReport>> ExecuteAsync(
        IReadOnlyList<CheckTarget> targets, IReadOnlySet<SourceKind>? sources, DateTimeOffset? asOf, DateTimeOffset? verifiedAt, CancellationToken cancel)
    {
        var reports = new CheckReport[targets.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, targets.Count),
            new ParallelOptions { MaxDegreeOfParallelism = SideBySide, CancellationToken = cancel },
            async (i, token) => reports[i] = await OneAsync(targets[i], sources, asOf, verifiedAt, token));
        return reports;
    }

    private async Task<CheckReport> OneAsync(CheckTarget target, IReadOnlySet<SourceKind>? sources, DateTimeOffset? asOf, DateTimeOffset? verifiedAt, CancellationToken cancel)
    {
        if (target.NotApplicable is { } why)
        {
            return Report(target, new Verdict { Phase = Phase.NotApplicable, Reasons = [new Reason($"Nothing to look up: {why}")] }, HandVerdict.None, [], null);
        }

        var asked = time.GetUtcNow();
        var now = asOf ?? asked;
        var observations = await lookup.LookUpAsync(new LookupQuestion(target.Domain, [target.MailHost], asked), LaneUse.Interactive, sources, cancel);
        var verdict = DomainJudge.Judge(new JudgeInput
        {
            Domain = target.Domain,
            Observations = observations,
            Now = now,
            KnownFlags = (NotableDomains.IsNotable(target.Domain) || NotableDomains.IsNotable(target.MailHost) ? DomainFlags.Notable : 0)
                | (target.IsTenant ? DomainFlags.PlatformTenant : 0),
        });
        var hands = HandChangeJudge.Judge(new HandInput { Verdict = verdict, Observations = observations, VerifiedAt = verifiedAt, MailHost = target.MailHost, Now = now });
        var next = CheckSchedule.Next(new ScheduleInput
        {
            Domain = target.Domain,
            Phase = verdict.Phase,
            Flags = verdict.Flags,
            Confidence = verdict.Confidence,
            HandChange = hands.Change,
            HandChangeSince = verdict.RegisteredAt,
            ExpiresAt = verdict.ExpiresAt,
            Now = now,
            FailuresInRow = verdict.IsAnswered ? 0 : 1,
            IsAnswered = verdict.IsAnswered,
        });
        return Report(target, verdict, hands, observations, next);
    }

    private static CheckReport Report(CheckTarget target, Verdict verdict, HandVerdict hands, IReadOnlyList<Observation> observations, DateTimeOffset? next) => new(
        target.Domain,
        verdict.Phase,
        [.. Enum.GetValues<DomainFlags>().Where(f => f != DomainFlags.None && verdict.Flags.HasFlag(f)).Select(f => f.ToString())],
        verdict.Confidence,
        hands.Change,
        verdict.RegisteredAt,
        verdict.ExpiresAt,
        verdict.LastTransferAt,
        new CheckReport.RegistrarShape(verdict.RegistrarName, verdict.RegistrarIanaId),
        verdict.Handle,
        new CheckReport.DropShape(verdict.EstimatedDrop?.From, verdict.EstimatedDrop?.To),
        next,
        [
            .. target.MailHost == target.Domain || verdict.Phase == Phase.NotApplicable ? [] : new[] { $"{target.MailHost} lies in {target.Domain}, which is what is registered" },
            .. hands.Reasons.Concat(verdict.Reasons).Select(r => r.Sentence()),
        ],
        [.. observations.Select(Shape)]);

    private static CheckReport.ObservationShape Shape(Observation o) => new(
        o.Source.ToString().ToLowerInvariant(),
        o.Host,
        o.Outcome,
        o.AskedAt,
        (long)o.Duration.TotalMilliseconds,
        o switch
        {
            { Rdap: { } rdap } => rdap.Statuses,
            { Research: { } research } => research.Words,
            { Dns: { } dns } => [dns.Delegation.ToString(), .. dns.MailHosts.Select(h => h.Route).Distinct().Select(r => r.ToString())],
            _ => [],
        },
        o.Error ?? (o.Failure == FailureKind.None ? null : o.Failure.ToString()));
}
