using DomainGuard.Core.Addresses;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Gate;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;
using Table = DomainGuard.Core.Policy.Gate;

namespace DomainGuard.Web.Features.Gate;

/// <summary>The question.</summary>
/// <param name="Email">The address, as the platform has it.</param>
/// <param name="AccountId">The platform's id of the account; null for every account that has the address.</param>
/// <param name="Deadline">How long the caller waits; null, or more than the policy's, is the policy's.</param>
/// <param name="LooksUp">False answers by what is known, however old it is: a preview.</param>
internal sealed record RecoveryQuestion(string Email, string? AccountId = null, TimeSpan? Deadline = null, bool LooksUp = true);

/// <summary>Who asks.</summary>
/// <param name="Actor">He in the audit trail.</param>
/// <param name="IsPreview">No recovery hangs on it: it is recorded as a preview, and only where a domain may be looked up for it; it refuses nothing.</param>
internal sealed record RecoveryAsker(AuditActor Actor, bool IsPreview);

/// <summary>What became of the question.</summary>
internal abstract record RecoveryOutcome
{
    /// <summary>It is answered, and the answer is recorded.</summary>
    /// <param name="Check">The answer, as recorded.</param>
    /// <param name="Domain">The domain; null when the address is not monitored.</param>
    /// <param name="Alternatives">What the platform can do instead; empty when it may send.</param>
    internal sealed record Answered(RecoveryCheck Check, string? Domain, IReadOnlyList<string> Alternatives) : RecoveryOutcome;

    /// <summary>It is no question.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Invalid(string Problem) : RecoveryOutcome;

    /// <summary>He may not ask so.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : RecoveryOutcome;
}

/// <summary>
/// Answers "may I send a recovery mail to this address, now?" (product section 8). From what is known, in one row and one insert; where the evidence is older than the policy asks
/// for, the domain is looked up first, within the deadline, and what is found is carried out before the answer.
/// </summary>
internal sealed partial class CheckRecovery(
    IDbContextFactory<GuardDb> dbs, GateReader reader, GateRulesInForce rules, FreshVerdict fresh, ReadFindings findings, RecordChecks record, IdAllocator ids, GuardClock clock, TimeProvider time, ILogger<CheckRecovery> log)
{
    /// <summary>A domain that gave no answer is not asked again for so long (guard time), whoever knocks.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(30);

    /// <summary>Answers.</summary>
    public async Task<RecoveryOutcome> ExecuteAsync(RecoveryQuestion question, RecoveryAsker asker, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        if (!EmailAddress.TryParse(question.Email, PublicSuffixList.Shipped, out var email, out var problem))
        {
            return new RecoveryOutcome.Invalid(problem);
        }

        var now = await rules.CurrentAsync(cancel);
        var policy = now.Policy.Policy;
        var deadline = question.Deadline is { } asked && asked < policy.Gate.Deadline ? asked : policy.Gate.Deadline;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        var rows = await reader.ReadAsync(db, email.SearchText, question.AccountId, cancel);
        var lookedUp = false;
        if (rows.Count > 0 && question.LooksUp && NeedsWork(now, rows, out var looksUp))
        {
            lookedUp = await fresh.TryAsync(rows[0].DomainId, looksUp, rows[0].LastTriedAt, deadline - time.GetElapsedTime(began), cancel) && looksUp;
            rows = await reader.ReadAsync(db, email.SearchText, question.AccountId, cancel);
        }

        var (answer, row, caseId) = await AnswerAsync(db, now, rows, cancel);
        var isRecorded = question.LooksUp || !asker.IsPreview;
        var given = now.ObserveOnly ? Table.Observing(answer) : answer;
        var check = new RecoveryCheck
        {
            Id = isRecorded ? await ids.NextAsync(IdAllocator.RecoveryCheck, cancel) : 0,
            At = clock.Now,
            AskedByKind = asker.Actor.Kind,
            AskedBy = asker.Actor.Id,
            IsPreview = asker.IsPreview,
            AccountId = row?.AccountId,
            AddressId = row?.AddressId,
            DomainId = row?.DomainId,
            CaseId = caseId,
            Decision = given.Decision,
            Reason = given.Reason,
            WouldAnswer = now.ObserveOnly ? answer.Decision : null,
            Phase = row?.Phase ?? Phase.Unknown,
            HandChange = row?.HandChange ?? HandChange.None,
            EvidenceAt = row?.LastAnsweredAt,
            LookedUp = lookedUp,
            Stale = row is { Phase: not Phase.NotApplicable } && !IsFresh(policy.Gate, row),
            PolicyVersion = now.Policy.Version,
            DurationMs = (int)time.GetElapsedTime(began).TotalMilliseconds,
        };
        if (given.Alarm)
        {
            Log.Alarm(log, row!.Domain, given.Reason);
        }

        if (isRecorded)
        {
            await record.WriteAsync(new RecordedCheck(check, Denial(check, row, asker), !asker.IsPreview && (given.Alarm || check.Decision == GateDecision.Deny) ? caseId : null), cancel);
        }

        return new RecoveryOutcome.Answered(check, row?.Domain, given.Decision == GateDecision.Allow ? [] : await AlternativesAsync(db, row, cancel));
    }

    // Also where the address is un-verified and stays so: a domain that its owner renewed is noticed when he asks, not at the next scan.
    private bool NeedsWork(GateRulesNow now, List<GateRow> rows, out bool looksUp)
    {
        var domain = rows[0];
        var triedInVain = domain.LastTriedAt is { } tried && tried <= clock.Now && tried > clock.Now - AskAgain && !(domain.LastAnsweredAt >= tried);
        looksUp = domain.Phase != Phase.NotApplicable && !rows.TrueForAll(r => IsFresh(now.Policy.Policy.Gate, r)) && !triedInVain;
        return looksUp || (domain.IsMarked && !now.ObserveOnly);
    }

    private bool IsFresh(GateRules gate, GateRow row) => row.JudgedAt is { } at && at <= clock.Now && clock.Now - at <= Table.MaxAge(gate, row.Phase);

    private async Task<(GateAnswer Answer, GateRow? Row, long? CaseId)> AnswerAsync(GuardDb db, GateRulesNow now, List<GateRow> rows, CancellationToken cancel)
    {
        var policy = now.Policy.Policy;
        (GateAnswer Answer, GateRow? Row, long? CaseId) strictest = (Table.Answer(policy.Gate, new GateFacts { IsMonitored = false }), null, null);
        // An address of several accounts is as safe as its worst.
        foreach (var row in rows)
        {
            var (facts, caseId) = await FactsAsync(db, now, row, cancel);
            var answer = Table.Answer(policy.Gate, facts);
            if (strictest.Row is null || answer.Decision > strictest.Answer.Decision)
            {
                strictest = (answer, row, caseId);
            }
        }

        return strictest;
    }

    private async Task<(GateFacts Facts, long? CaseId)> FactsAsync(GuardDb db, GateRulesNow now, GateRow row, CancellationToken cancel)
    {
        var policy = now.Policy;
        var facts = new GateFacts
        {
            IsMonitored = true,
            Phase = row.Phase,
            IsUnverified = row.State == AddressState.Unverified,
            IsNotable = policy.Policy.Guards.Notable && row.Flags.HasFlag(DomainFlags.Notable),
            HandChange = row.HandChange,
            EvidenceAge = clock.Now - row.JudgedAt,
            IsFresh = IsFresh(policy.Policy.Gate, row),
        };
        if (row.Phase == Phase.NotApplicable)
        {
            return (facts, null);
        }

        if (!row.HasCase && row.Glance(policy.Policy) is { Wanted: < PolicyAction.Review } glance)
        {
            return (facts with { Finding = glance }, null);
        }

        if (await findings.OfAddressAsync(db, row.AddressId, policy, cancel) is not { } item)
        {
            return (facts, null); // removed in this moment
        }

        var whole = await db.Cases.FirstOrDefaultAsync(c => c.AddressId == null && c.DomainId == row.DomainId, cancel);
        facts = facts with { Finding = item.Finding.Finding, Own = GateRow.Of(item.Case, item.Facts), Whole = GateRow.Of(whole, item.Facts) };
        return (now.ObserveOnly ? Foreseen(facts, item) : facts, item.Case?.Id ?? whole?.Id);
    }

    // While the installation only observes nothing is carried out: what would have become of it is put in its place.
    private static GateFacts Foreseen(GateFacts facts, FindingItem item) => item switch
    {
        { Unverifies: true } => facts with { IsUnverified = true },
        { Case: null, Found: Found.Review } => facts with { Own = new GateCase(CaseState.NeedsReview, false, false, false) },
        _ => facts,
    };

    private static AuditFact? Denial(RecoveryCheck check, GateRow? row, RecoveryAsker asker) => check.Decision != GateDecision.Deny || asker.IsPreview ? null
        : new AuditFact(AuditAction.GateDenied, asker.Actor, check.At)
        {
            AccountId = check.AccountId,
            AddressId = check.AddressId,
            DomainName = row?.Domain,
            CaseId = check.CaseId,
            PolicyVersion = check.PolicyVersion,
            Reason = check.Reason.ToString(),
            Subject = check.PublicId,
        };

    // So that nobody is locked out without a door.
    private static async Task<IReadOnlyList<string>> AlternativesAsync(GuardDb db, GateRow? row, CancellationToken cancel)
    {
        var doors = new List<string>(3);
        if (row is not null && await db.Addresses.AnyAsync(
            a => a.AccountId == row.AccountId && a.Id != row.AddressId && a.RetiredAt == null && a.State == AddressState.Verified && a.VerifiedAt != null && a.HandChange == HandChange.None
                && (a.Domain!.Phase == Phase.Active || a.Domain.Phase == Phase.ExpiringSoon) && !db.Cases.Any(c => c.AddressId == a.Id && c.IsOpen), cancel))
        {
            doors.Add("verified_address");
        }

        if (row?.TwoFactor == true)
        {
            doors.Add("second_factor");
        }

        doors.Add("manual_recovery");
        return doors;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The gate lets a recovery mail go to {Domain} although the policy wants to un-verify its addresses ({Reason}): a person has to decide")]
        public static partial void Alarm(ILogger logger, string domain, GateReason reason);
    }
}
