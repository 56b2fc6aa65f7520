using System.Globalization;
using DomainGuard.Core.Addresses;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Why;

/// <summary>How an address stood at a moment.</summary>
internal enum Standing
{
    /// <summary>We did not know it yet.</summary>
    NotTakenIn,

    /// <summary>The platform had removed it.</summary>
    Retired,

    /// <summary>Nothing was done by us, or it was given back.</summary>
    Verified,

    /// <summary>Un-verified by DomainGuard.</summary>
    Unverified,
}

/// <summary>An address that a search found.</summary>
/// <param name="Id">Our key.</param>
/// <param name="Email">As taken in.</param>
/// <param name="ExternalId">The platform's id of its account.</param>
/// <param name="UserName">Its user name.</param>
internal sealed record AddressMatch(long Id, string Email, string ExternalId, string? UserName);

/// <summary>The verdict on the domain that held at the moment.</summary>
internal sealed record ExplainedVerdict(Phase Phase, DomainFlags Flags, Confidence Confidence, DateTimeOffset Since, DateTimeOffset? Until, IReadOnlyList<Reason> Reasons, long? ScanId);

/// <summary>What one source had said last, before the moment.</summary>
/// <param name="Id">Key of the observation.</param>
/// <param name="Observation">What it said.</param>
/// <param name="FirstAt">First said (UTC).</param>
/// <param name="LastAt">Last said (UTC), not after the moment as far as that is known.</param>
/// <param name="RawHash">SHA-256 of the raw answer, hexadecimal; null when there was none.</param>
internal sealed record ExplainedEvidence(long Id, Observation Observation, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? RawHash);

/// <summary>The rule that applied.</summary>
/// <param name="PolicyVersion">Version in force.</param>
/// <param name="Situation">The row that decided.</param>
/// <param name="Wanted">What it wants.</param>
/// <param name="Guard">What stopped it; null when the finding of that moment was not kept and the guard is not known.</param>
/// <param name="IsRecorded">It stands in a decision; else it is what that version of the policy says of the verdict of that moment.</param>
internal sealed record ExplainedRule(int PolicyVersion, Situation Situation, PolicyAction Wanted, Guard? Guard, bool IsRecorded);

/// <summary>One step of the case, as it was taken.</summary>
internal sealed record ExplainedStep(
    DateTimeOffset At, CaseEvent Event, CaseState? From, CaseState To, AuditActorKind ActorKind, string Actor, ReasonCode? Reason, string? Comment, DateTimeOffset? Until, Situation Situation, Phase Phase,
    HandChange HandChange, Confidence Confidence, int PolicyVersion, long? ScanId, bool IsUndo);

/// <summary>State, evidence, rule, decision and person behind one address at one moment.</summary>
internal sealed record Explanation
{
    public required AddressMatch Address { get; init; }

    public required string Domain { get; init; }

    /// <summary>The moment (UTC).</summary>
    public required DateTimeOffset At { get; init; }

    public required Standing Standing { get; init; }

    /// <summary>Since when (UTC); null when nothing ever changed it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When the platform verified it, as far as it says (UTC).</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    public ExplainedVerdict? Verdict { get; init; }

    public HandChange HandChange { get; init; }

    public IReadOnlyList<Reason> HandReasons { get; init; } = [];

    public IReadOnlyList<ExplainedEvidence> Evidence { get; init; } = [];

    public ExplainedRule? Rule { get; init; }

    public long? CaseId { get; init; }

    public CaseState? CaseState { get; init; }

    /// <summary>Newest first, at most <see cref="ExplainAddress.MostSteps"/>.</summary>
    public IReadOnlyList<ExplainedStep> Steps { get; init; } = [];

    /// <summary>The answer in one sentence.</summary>
    public required string Sentence { get; init; }
}

/// <summary>
/// Answers "why?" for any address and any past moment, from what was kept: history of verdicts, observations, decisions, versions of the policy. Nothing is judged
/// anew and nobody is asked; what was not kept is said not to be known.
/// </summary>
internal sealed class ExplainAddress(IDbContextFactory<GuardDb> dbs, PolicyStore policies, GuardClock clock)
{
    /// <summary>Steps shown at most.</summary>
    internal const int MostSteps = 200;

    private const int MostMatches = 50;

    /// <summary>Addresses written so, whatever their account; retired ones too.</summary>
    public async Task<IReadOnlyList<AddressMatch>> FindAsync(string email, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(email);
        var text = email.Trim();
        // Kept with its host as an A-label; what is no address finds nothing.
        var sought = EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var parsed, out _) ? parsed.SearchText : text.ToLowerInvariant();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Addresses.AsNoTracking().Where(a => a.SearchEmail == sought).OrderBy(a => a.Id).Take(MostMatches)
            .Select(a => new AddressMatch(a.Id, a.Email, a.Account!.ExternalId, a.Account.UserName)).ToListAsync(cancel);
    }

    /// <summary>Explains; null when there is no such address. A moment in the future reads as now.</summary>
    /// <param name="addressId">Our key.</param>
    /// <param name="at">The moment (UTC); null for now.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<Explanation?> ExecuteAsync(long addressId, DateTimeOffset? at, CancellationToken cancel)
    {
        var now = clock.Now;
        var moment = at is { } asked && asked < now ? asked : now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var address = await db.Addresses.AsNoTracking().Include(a => a.Account).Include(a => a.Domain).FirstOrDefaultAsync(a => a.Id == addressId, cancel);
        if (address is null)
        {
            return null;
        }

        var domain = address.Domain!;
        var verdict = await VerdictAsync(db, domain.Id, moment, cancel);
        var (cases, steps) = await StepsAsync(db, address, moment, cancel);
        var standing = StandingAt(address, steps, moment);
        var latest = steps.Count > 0 ? steps[0] : null;
        var (hands, handReasons) = HandsAt(address, latest, moment, domain.LastAnsweredAt);
        var rule = await RuleAsync(db, verdict, hands, latest, domain, moment, cancel);
        var explanation = new Explanation
        {
            Address = new AddressMatch(address.Id, address.Email, address.Account!.ExternalId, address.Account.UserName),
            Domain = domain.Name,
            At = moment,
            Standing = standing.Value,
            Since = standing.Since,
            VerifiedAt = address.VerifiedAt <= moment ? address.VerifiedAt : null,
            Verdict = verdict,
            HandChange = hands,
            HandReasons = handReasons,
            Evidence = await EvidenceAsync(db, domain.Id, moment, cancel),
            Rule = rule,
            CaseId = latest is null ? null : cases,
            CaseState = latest?.To,
            Steps = steps,
            Sentence = "",
        };
        return explanation with { Sentence = ExplanationText.Of(explanation) };
    }

    private static async Task<ExplainedVerdict?> VerdictAsync(GuardDb db, long domainId, DateTimeOffset moment, CancellationToken cancel)
    {
        var span = await db.PhaseSpans.AsNoTracking().Where(s => s.DomainId == domainId && s.From <= moment).OrderByDescending(s => s.From).ThenByDescending(s => s.Id).FirstOrDefaultAsync(cancel);
        return span is null ? null : new ExplainedVerdict(span.Phase, span.Flags, span.Confidence, span.From, span.To, ObservationCodec.DecodeReasons(span.Reasons), span.ScanId);
    }

    // The case of the address, and that of its whole domain where the domain is notable or large: both move the address.
    private static async Task<(long CaseId, IReadOnlyList<ExplainedStep> Steps)> StepsAsync(GuardDb db, Address address, DateTimeOffset moment, CancellationToken cancel)
    {
        var ids = await db.Cases.AsNoTracking().Where(c => c.AddressId == address.Id || (c.DomainId == address.DomainId && c.AddressId == null)).Select(c => c.Id).ToListAsync(cancel);
        if (ids.Count == 0)
        {
            return (0, []);
        }

        var decisions = await db.Decisions.AsNoTracking().Where(d => ids.Contains(d.CaseId) && d.At <= moment).OrderByDescending(d => d.At).ThenByDescending(d => d.CaseVersion).Take(MostSteps).ToListAsync(cancel);
        var names = await CaseReading.NamesAsync(db, decisions, cancel);
        return (decisions.Count == 0 ? 0 : decisions[0].CaseId, decisions.ConvertAll(d => new ExplainedStep(
            d.At, d.Event, d.From, d.To, d.ActorKind, CaseReading.Name(d, names), d.Reason, d.Comment, d.Until, d.Situation, d.Phase, d.HandChange, d.Confidence, d.PolicyVersion, d.ScanId, d.Undoes is not null)));
    }

    private static (Standing Value, DateTimeOffset? Since) StandingAt(Address address, IReadOnlyList<ExplainedStep> steps, DateTimeOffset moment)
    {
        if (moment < address.AddedAt)
        {
            return (Standing.NotTakenIn, null);
        }

        if (address.RetiredAt is { } retired && retired <= moment)
        {
            return (Standing.Retired, retired);
        }

        // Oldest to newest: a recovery leaves the address as it was.
        var (standing, since) = (Standing.Verified, (DateTimeOffset?)null);
        foreach (var step in steps.Reverse())
        {
            var next = CaseTransitions.AddressAfter(step.To) switch { true => Standing.Unverified, false => Standing.Verified, null => standing };
            (standing, since) = next == standing ? (standing, since) : (next, step.At);
        }

        return (standing, since);
    }

    // What was concluded is kept with each decision, and on the address as it is now.
    private static (HandChange, IReadOnlyList<Reason>) HandsAt(Address address, ExplainedStep? latest, DateTimeOffset moment, DateTimeOffset? answered) =>
        answered <= moment ? (address.HandChange, address.HandChange == HandChange.None ? [] : ObservationCodec.DecodeReasons(address.HandReasons)) : (latest?.HandChange ?? HandChange.None, []);

    private async Task<ExplainedRule?> RuleAsync(
        GuardDb db, ExplainedVerdict? verdict, HandChange hands, ExplainedStep? latest, Domain domain, DateTimeOffset moment, CancellationToken cancel)
    {
        if (latest is not null && (verdict is null || latest.At >= verdict.Since))
        {
            var rules = (await policies.GetAsync(latest.PolicyVersion, cancel)).Policy;
            return new ExplainedRule(latest.PolicyVersion, latest.Situation, rules[latest.Situation].Action, null, IsRecorded: true);
        }

        if (verdict is null)
        {
            return null;
        }

        var version = await db.PolicyVersions.Where(p => p.SavedAt <= moment).OrderByDescending(p => p.Version).Select(p => (int?)p.Version).FirstOrDefaultAsync(cancel);
        if (version is null)
        {
            return null;
        }

        var policy = (await policies.GetAsync(version.Value, cancel)).Policy;
        var finding = PolicyEvaluator.Evaluate(policy, new FindingFacts
        {
            Phase = verdict.Phase,
            Flags = verdict.Flags,
            Confidence = verdict.Confidence,
            HandChange = hands,
            HandConfidence = Confidence.None,
            AddressCount = domain.AddressCount,
        });
        return new ExplainedRule(version.Value, finding.Situation, finding.Wanted, finding.Guard, IsRecorded: false);
    }

    // Of each source the answer that was the latest then, and a failure after it.
    private static async Task<IReadOnlyList<ExplainedEvidence>> EvidenceAsync(GuardDb db, long domainId, DateTimeOffset moment, CancellationToken cancel)
    {
        var found = new List<ExplainedEvidence>();
        foreach (var source in Enum.GetValues<SourceKind>())
        {
            var rows = await db.Observations.AsNoTracking().Where(o => o.DomainId == domainId && o.Source == source && o.FirstAt <= moment)
                .OrderByDescending(o => o.FirstAt).ThenByDescending(o => o.Id).Take(10)
                .Select(ObservationCodec.WithoutRaw).ToListAsync(cancel);
            foreach (var row in rows.TakeUntilEvidence())
            {
                var last = row.LastAt < moment ? row.LastAt : moment;
                found.Add(new ExplainedEvidence(row.Id, ObservationCodec.Decode(row), row.FirstAt, last, row.RawHash is null ? null : Convert.ToHexStringLower(row.RawHash)));
            }
        }

        return found;
    }
}

/// <summary>Which of the latest answers of a source count.</summary>
file static class Answers
{
    // The latest, and where that is a failure, the evidence that stayed.
    public static IEnumerable<StoredObservation> TakeUntilEvidence(this List<StoredObservation> rows)
    {
        var failure = rows.Count > 0 && rows[0].Outcome == Outcome.Failure ? rows[0] : null;
        if (failure is not null)
        {
            yield return failure;
        }

        if (rows.Find(r => r.Outcome != Outcome.Failure) is { } evidence)
        {
            yield return evidence;
        }
    }
}

/// <summary>The answer in words.</summary>
internal static class ExplanationText
{
    /// <summary>One or two sentences: how it stood, since when, by whom, because of what.</summary>
    public static string Of(Explanation why)
    {
        ArgumentNullException.ThrowIfNull(why);
        var at = Instant(why.At);
        var phase = why.Verdict is { } verdict ? $"{why.Domain} was in phase {verdict.Phase} ({verdict.Confidence})" : $"nothing was known of {why.Domain} yet";
        var decided = why.Steps.FirstOrDefault(s => CaseTransitions.AddressAfter(s.To) is not null);
        return why.Standing switch
        {
            Standing.NotTakenIn => $"At {at} this address was not taken in yet.",
            Standing.Retired => $"At {at} this address was retired: the platform had removed it on {Instant(why.Since!.Value)}.",
            Standing.Unverified => $"At {at} this address was un-verified since {Instant(why.Since!.Value)}: {decided!.Situation}, {decided.Event} by {decided.Actor}{Reason(decided)}. At that time {phase}.",
            _ when decided is not null => $"At {at} this address was verified; its case was {why.CaseState}: {decided.Event} by {decided.Actor}{Reason(decided)}. At that time {phase}.",
            _ => $"At {at} this address was verified and no case was open. At that time {phase}.",
        };
    }

    private static string Reason(ExplainedStep step) => step.Reason is { } reason ? $" ({reason})" : "";

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
