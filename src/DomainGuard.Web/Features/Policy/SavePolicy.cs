using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Policies;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>A policy that somebody wants in force.</summary>
/// <param name="BasedOn">The version that he changed: another in force by now is a conflict.</param>
/// <param name="Policy">The policy as it is to be.</param>
/// <param name="Comment">Why, in words, 1 to 2,000 characters.</param>
internal sealed record PolicyWish(int BasedOn, GuardPolicy Policy, string Comment);

/// <summary>What became of it.</summary>
internal abstract record SavePolicyOutcome
{
    /// <summary>In force from now on.</summary>
    /// <param name="Version">Its number.</param>
    internal sealed record Saved(int Version) : SavePolicyOutcome;

    /// <summary>Waits for a second person.</summary>
    /// <param name="ProposalId">Key of the proposal.</param>
    /// <param name="ExpiresAt">Until when it can be approved (UTC).</param>
    internal sealed record Proposed(Guid ProposalId, DateTimeOffset ExpiresAt) : SavePolicyOutcome;

    /// <summary>Nothing was done: another version was saved meanwhile.</summary>
    /// <param name="Latest">It.</param>
    internal sealed record Conflict(PolicyVersionRow Latest) : SavePolicyOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Problems">Why, per field; an empty field means the whole.</param>
    internal sealed record Refused(IReadOnlyList<PolicyProblem> Problems) : SavePolicyOutcome
    {
        internal Refused(string text)
            : this([new PolicyProblem("", text)])
        {
        }
    }
}

/// <summary>What may be said against a policy before it is written: by itself, and by what its cadence asks of the budgets.</summary>
internal sealed class PolicyCheck(SourceOutlooks outlooks)
{
    internal const int LongestComment = 2_000;
    internal const string NeedsAdministrator = "This needs the role Administrator.";

    /// <summary>Everything that is wrong; empty when it may be saved.</summary>
    public async Task<IReadOnlyList<PolicyProblem>> ProblemsAsync(GuardPolicy policy, CancellationToken cancel)
    {
        var problems = policy.Problems();
        if (problems.Count > 0)
        {
            return problems;
        }

        var sums = await outlooks.OfAsync(policy, cancel);
        return [.. sums.Where(s => !s.Fits).Select(s => new PolicyProblem(FieldOf(s.Source), s.Sentence()))];
    }

    /// <summary>The same for a wish: its comment, and that it changes something.</summary>
    public async Task<IReadOnlyList<PolicyProblem>> ProblemsAsync(PolicyWish wish, GuardPolicy before, CancellationToken cancel)
    {
        var problems = await ProblemsAsync(wish.Policy, cancel);
        return problems.Count > 0 ? problems
            : CommentProblem(wish.Comment) is { } comment ? [new PolicyProblem("comment", comment)]
            : PolicyFields.Changes(before, wish.Policy).Count == 0 ? [new PolicyProblem("", "Nothing is changed.")]
            : [];
    }

    /// <summary>What is wrong with a reason that has to be given; null when nothing is.</summary>
    public static string? CommentProblem(string comment) =>
        string.IsNullOrWhiteSpace(comment) ? "Say why: the reason stands in the history."
        : KeptText.Problem(comment, LongestComment);

    private static string FieldOf(SourceKind source) => source switch
    {
        SourceKind.Rdap => "budgets.rdap",
        SourceKind.Dns => "budgets.dns",
        _ => "budgets.domainResearch",
    };
}

/// <summary>
/// Puts a new version of the policy in force. Two that save at once want the same number, of which the database gives out one; a scan that runs keeps the version that it
/// began with. An old version is restored by saving it anew.
/// </summary>
internal sealed partial class SavePolicy(IDbContextFactory<GuardDb> dbs, PolicyStore policies, PolicyCheck check, PolicyQueries queries, GuardClock clock, ILogger<SavePolicy> log)
{
    /// <summary>Saves, or says why not. Where a second person is required this refuses: see <see cref="ProposePolicy"/>.</summary>
    public async Task<SavePolicyOutcome> ExecuteAsync(PolicyWish wish, StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new SavePolicyOutcome.Refused(PolicyCheck.NeedsAdministrator);
        }

        var current = await policies.CurrentAsync(cancel);
        if (current.Version != wish.BasedOn)
        {
            return await ConflictAsync(wish, cancel);
        }

        var problems = await check.ProblemsAsync(wish, current.Policy, cancel);
        if (problems.Count > 0)
        {
            return new SavePolicyOutcome.Refused(problems);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, otherwise: false, cancel))
        {
            return new SavePolicyOutcome.Refused("A change of the policy needs a second person here: propose it.");
        }

        Add(db, current, wish.Policy, wish.Comment, by, by.Id, clock.Now, null);
        return await CommitAsync(db, wish, by, cancel);
    }

    /// <summary>Writes a version and its audit entry into the caller's context.</summary>
    /// <param name="db">Context.</param>
    /// <param name="before">The version that it changes.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="comment">Why.</param>
    /// <param name="by">Who puts it in force: of two persons the second.</param>
    /// <param name="author">Who wrote it.</param>
    /// <param name="at">When (UTC).</param>
    /// <param name="proposal">The proposal that it comes from.</param>
    internal static void Add(GuardDb db, PolicyInForce before, GuardPolicy policy, string comment, StaffMember by, Guid author, DateTimeOffset at, Guid? proposal)
    {
        var version = before.Version + 1;
        db.PolicyVersions.Add(new PolicyVersion { Version = version, Json = policy.ToJson(), SavedAt = at, SavedBy = author, Comment = comment.Trim() });
        AuditTrail.Add(db, new AuditFact(AuditAction.PolicySaved, by.Actor, at)
        {
            PolicyVersion = version,
            Subject = proposal is { } id ? ProposePolicy.SubjectOf(id) : null,
            Comment = comment.Trim(),
            Changes = [.. PolicyFields.Changes(before.Policy, policy).Select(c => (c.Field, (object?)c.Before, (object?)c.After))],
        });
    }

    private async Task<SavePolicyOutcome> CommitAsync(GuardDb db, PolicyWish wish, StaffMember by, CancellationToken cancel)
    {
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException)
        {
            if ((await policies.CurrentAsync(cancel)).Version == wish.BasedOn)
            {
                throw;
            }

            return await ConflictAsync(wish, cancel);
        }

        Log.Saved(log, wish.BasedOn + 1, by.Id);
        return new SavePolicyOutcome.Saved(wish.BasedOn + 1);
    }

    private async Task<SavePolicyOutcome> ConflictAsync(PolicyWish wish, CancellationToken cancel) =>
        await queries.LatestAsync(cancel) is { } latest && latest.Version > wish.BasedOn
            ? new SavePolicyOutcome.Conflict(latest)
            : new SavePolicyOutcome.Refused($"There is no version {wish.BasedOn} of the policy.");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Policy v{Version} saved by staff {Staff}")]
        public static partial void Saved(ILogger logger, int version, Guid staff);
    }
}
